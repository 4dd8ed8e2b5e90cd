"""Makes these tests the package `tests`: some libraries install one of that name, which would be found instead."""
