"""Checking a bundle before anybody uploads it: as a page of rules, and by running it."""
