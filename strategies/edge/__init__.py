"""A model embedded further out: on a small device, in int8 where its operators allow, under that device's limits."""
