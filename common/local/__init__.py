"""The local stack of `./pombo up`: embedded Postgres and Valkey, and the programs around them. For one machine only."""
