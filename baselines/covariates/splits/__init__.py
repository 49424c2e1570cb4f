"""Splits of occurrences: what is held out of training, its files, its map."""
