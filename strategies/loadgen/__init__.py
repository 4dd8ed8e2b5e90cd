"""The load generator: the only clock."""
