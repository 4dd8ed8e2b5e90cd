"""A candidate and a workload in, a measured trace out."""
