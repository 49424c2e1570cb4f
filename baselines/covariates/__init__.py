"""What the models read: occurrences, rasters, patches, and how occurrences are split."""
