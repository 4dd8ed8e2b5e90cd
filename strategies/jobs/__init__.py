"""One measurement at a time, in a process of its own."""
