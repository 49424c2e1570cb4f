"""The metrics of all editions, a small file each."""
