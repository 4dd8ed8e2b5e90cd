"""The HTTP server behind the API strategy."""
