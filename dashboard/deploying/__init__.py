"""What the Deploy page is made of."""
