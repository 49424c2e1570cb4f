"""A season of a challenge: submissions, the rules that rank them, and the pages that show them."""
