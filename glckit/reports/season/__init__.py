"""What the commands of a leaderboard report."""
