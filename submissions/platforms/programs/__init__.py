"""The programs that run on hosting platforms, from which self-contained files are made."""
