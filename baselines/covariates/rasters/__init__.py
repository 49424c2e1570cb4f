"""The 27 rasters a region: reading them at the places of occurrences."""
