"""What the Simulate page is made of."""
