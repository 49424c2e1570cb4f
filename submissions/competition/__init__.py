"""The folder of a competition: its settings, found and read once, and the files that they name."""
