"""What is written of a verification for people and other programs."""
