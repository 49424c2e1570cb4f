"""The toolkit of the GeoLifeCLEF challenge."""
