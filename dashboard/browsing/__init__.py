"""What the page shows of a model that runs in the visitor's own browser."""
