"""Release policies: how a new version takes over from the old one. One file is one policy."""
