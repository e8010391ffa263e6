"""The Signal protocol: sessions of two devices and sender keys of groups, for the emulator's devices and the relay."""
