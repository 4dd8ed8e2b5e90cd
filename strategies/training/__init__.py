"""From a dataset to a fitted, evaluated model."""
