"""The checks of a run: of lists of pairs, and of a matrix."""
