"""What commands report of their results, apart from the commands so that --help stays fast."""
