"""Checksums of patches that are known to be good."""
