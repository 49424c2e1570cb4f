"""From one version of the store to the next."""
