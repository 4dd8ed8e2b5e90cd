"""Charts, one file each: values in, a Plotly figure with its text alternative and its table out."""
