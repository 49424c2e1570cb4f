"""The verification of archives of patches, without extracting them."""
