"""What networks and models of your own read: patches as tensors, covariates as a data frame."""
