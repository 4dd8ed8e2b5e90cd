"""The algorithms that can learn, one file each."""
