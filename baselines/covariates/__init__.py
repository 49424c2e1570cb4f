"""Covariates: what the models read of a place, rasters and patches."""
