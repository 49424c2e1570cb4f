"""Reference submitters, the covariates they read, and the proof that these are whole."""
