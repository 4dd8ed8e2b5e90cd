"""Where a strategy's server side runs, one file each."""
