"""Run files, truth and tables: reading, validation, writing."""
