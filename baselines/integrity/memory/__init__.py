"""What earlier verifications showed, for as long as nothing changes."""
