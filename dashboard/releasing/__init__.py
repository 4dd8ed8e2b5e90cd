"""What the Release page is made of."""
