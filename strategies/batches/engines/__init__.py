"""Where a job's chunks are computed. One file is one engine."""
