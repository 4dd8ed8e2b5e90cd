"""From a fitted model to files that any strategy can serve."""
