"""Areas under step curves, cut into equal bins of time. Runs as plain Python and compiled."""

from numpy.typing import NDArray


def bin_of(time_s: float, width_s: float, bins: int) -> int:
    """The bin a moment falls into; everything after the last falls into one more, number `bins`."""
    if not time_s < bins * width_s:  # before it becomes an integer, which a very late moment does not fit into
        return bins
    index = int(time_s / width_s)
    if time_s < index * width_s:  # the division was rounded up
        index -= 1
    elif time_s >= (index + 1) * width_s:
        index += 1
    return min(bins, index)


def spread(areas: NDArray, field: int, level: float, from_s: float, until_s: float, width_s: float) -> None:  # type: ignore[type-arg]
    """Add level · dt over [from_s, until_s) to the bins of `areas`, (bins + 1, fields)."""
    bins = areas.shape[0] - 1
    index = bin_of(from_s, width_s, bins)
    last = bin_of(until_s, width_s, bins)
    while index < last:
        edge = (index + 1) * width_s
        if edge > from_s:
            areas[index, field] += level * (edge - from_s)
            from_s = edge
        index += 1
    if until_s > from_s:
        areas[index, field] += level * (until_s - from_s)
