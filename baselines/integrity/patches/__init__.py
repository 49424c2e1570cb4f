"""The check of one patch: its two files, and what its bytes tell."""
