"""Kinds of deployment files: one file is one."""
