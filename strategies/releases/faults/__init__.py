"""Faults that a new version may have, for real: wrapped around its predictions in its own process. One file is one."""
