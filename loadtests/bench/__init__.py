"""One module per `./pombo bench NAME`."""
