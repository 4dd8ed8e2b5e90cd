"""Judges: whether the new version is as good as the old one. One file is one judge."""
