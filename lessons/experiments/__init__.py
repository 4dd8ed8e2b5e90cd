"""The experiments: one file is one lesson, named as its text."""
