"""What we teach: one text and one experiment a lesson."""
