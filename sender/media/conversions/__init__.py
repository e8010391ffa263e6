"""What media workers do with a file. Imported by them alone: codecs, and the files they read, are not trusted."""
