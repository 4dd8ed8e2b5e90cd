"""The run store: every run with its provenance."""
