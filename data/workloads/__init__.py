"""The kinds of traffic, one file each."""
