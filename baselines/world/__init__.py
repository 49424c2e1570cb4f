"""A small synthetic competition, made from a seed."""
