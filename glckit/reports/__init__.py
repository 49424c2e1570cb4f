"""What commands report of the results of the library."""
