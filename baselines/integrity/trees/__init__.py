"""The verification of extracted patches."""
