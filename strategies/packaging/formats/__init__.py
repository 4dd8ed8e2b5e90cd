"""The formats that a model can be saved in, one file each."""
