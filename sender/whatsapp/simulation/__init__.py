"""What simulated accounts are and have: one module a power. All of it is in memory."""
