"""The phones and contacts that the emulator plays itself: each is device 0 of its account."""
