"""What the Learn page is made of."""
