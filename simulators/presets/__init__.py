"""Presets: traffic and disturbances worth looking at, one file each, for any architecture's plan."""
