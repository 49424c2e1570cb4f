"""Taking over a season from a platform: the table that it exports, and the folder of the runs."""
