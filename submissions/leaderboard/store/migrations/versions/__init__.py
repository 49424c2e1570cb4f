"""A module for each version, in the order of its `down_revision`."""
