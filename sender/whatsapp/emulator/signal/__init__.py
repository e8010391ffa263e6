"""The Signal protocol for the devices that the emulator plays itself: sessions, sender keys, and their store."""
