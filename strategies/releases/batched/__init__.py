"""Releases in a batch: a share of the rows for the new version, or all rows for both, and nothing published before."""
