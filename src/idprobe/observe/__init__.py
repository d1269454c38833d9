"""Running the experiments: which, in which order, at which pace."""
