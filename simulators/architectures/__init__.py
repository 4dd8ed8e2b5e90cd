"""The architectures, one file each: a profile in, a plan out."""
