"""Patches: where they lie, how they are read, from folders and straight out of archives."""
