"""The container host's parts: what goes into an image, how it is built, and what runs inside."""
