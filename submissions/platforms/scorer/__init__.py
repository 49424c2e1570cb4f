"""Making one self-contained file of our own definitions."""
