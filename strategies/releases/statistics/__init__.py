"""The statistics of deciding while data still come in: boundaries, sequential tests, sample sizes. No state."""
