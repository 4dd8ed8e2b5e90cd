"""Releases for real: two deployments, the router before them, and users who ask."""
