"""A user's own data: read a file, see what it holds, choose target and features, and store it as a dataset."""
