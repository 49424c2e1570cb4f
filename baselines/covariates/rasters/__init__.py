"""The 27 rasters of each region: reading them at the places of occurrences."""
