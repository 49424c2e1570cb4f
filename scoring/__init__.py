"""Arrays in, frozen results out: the metrics of the challenge. NumPy only."""
