"""Release policies, one file each."""
