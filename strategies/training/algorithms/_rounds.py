"""Growing an ensemble in rounds, so that someone who waits sees it grow and can stop it."""

import time
from collections.abc import Callable
from typing import Any

from strategies.training.watch import Watch

_ROUND_S = 0.5


def grow(fit_up_to: Callable[[int], Any], total: int, watch: Watch, first: int = 1, round_s: float = _ROUND_S) -> None:
    """Call `fit_up_to` with a growing number of members until it is `total` or it returns False.

    The rounds are sized by the clock, to about `round_s` each. With a warm start the members do not depend on where the
    rounds end, so neither does the result.
    """
    done, size = 0, first
    while done < total:
        target = min(total, done + size)
        began_s = time.perf_counter()
        go_on = fit_up_to(target)
        took_s = max(time.perf_counter() - began_s, 1e-9)
        size = max(1, min(4 * size, int((target - done) * round_s / took_s)))
        done = target
        watch.report(done / total)
        if go_on is False:
            return
