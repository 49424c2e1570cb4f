"""Where submissions are kept: tables, their versions, and what is read from and written to them."""
