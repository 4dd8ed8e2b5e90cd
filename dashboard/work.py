"""What outlives a rerun of the page: the queue of measurements."""


def close() -> None:
    """End everything that the page started."""
