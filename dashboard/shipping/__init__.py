"""The files that leave the page to ship a chosen candidate."""
