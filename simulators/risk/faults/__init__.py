"""Kinds of faults: one file is one."""
