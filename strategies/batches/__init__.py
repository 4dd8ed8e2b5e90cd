"""Offline prediction: whole files in, whole files out, in chunks that survive whatever kills the job."""
