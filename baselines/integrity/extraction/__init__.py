"""Taking proven patches out of archives."""
