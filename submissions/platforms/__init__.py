"""Hosting platforms: the competition as a bundle for each, and the proof that it works."""
