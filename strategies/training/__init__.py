"""Learning a model from a dataset: split, fit, evaluate, track. `train.py` is the way in."""
