"""The ways of asking for a prediction over HTTP, one file each."""
