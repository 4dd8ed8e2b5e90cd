"""Growing an ensemble in rounds, so that someone who waits sees it grow and can stop it."""

import time
from collections.abc import Callable

from strategies.training.watch import Watch

_ROUND_S = 0.5


def grow(
    fit_up_to: Callable[[int], object], total: int, watch: Watch, first: int = 1, least_growth: float = 0.0
) -> None:
    """Call `fit_up_to` with a growing number of members until it is `total` or it returns False.

    Parameters
    ----------
    first
        Members of the first round.
    least_growth
        Share of the members so far that each round adds at least. Where a round costs something whatever its size,
        this keeps their number logarithmic.

    Rounds are sized by the clock, to about half a second. With a warm start the members do not depend on where the
    rounds end, so neither does the result.
    """
    done, size = 0, first
    while done < total:
        target = min(total, done + size)
        began_s = time.perf_counter()
        go_on = fit_up_to(target)
        took_s = max(time.perf_counter() - began_s, 1e-9)
        by_clock = min(4 * size, int((target - done) * _ROUND_S / took_s))
        done, size = target, max(1, by_clock, int(target * least_growth))
        watch.report(done / total)
        if go_on is False:
            return
