"""The store of Signal keys of the devices that the emulator plays itself."""
