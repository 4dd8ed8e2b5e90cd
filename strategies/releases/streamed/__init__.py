"""Releases in a stream: a share of the consumers that take requests from one queue runs the new version."""
