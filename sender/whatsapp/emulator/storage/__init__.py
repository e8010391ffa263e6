"""What the emulator keeps on disk: one SQLite file, one module per noun."""
