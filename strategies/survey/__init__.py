"""What a strategy is made of and how it takes up a new model, found out by running it."""
