"""Whether two engines say the same about a run, request by request."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulators.engines.contract import ROW_FIELDS, Outcome, Task
from simulators.engines.kernel import Kernel
from simulators.engines.simpy import SimPy
from simulators.plan import Unfinished

_SPAN_KEY = ("request", "step", "key", "sent_s", "arrive_s")


def both(task: Task) -> tuple[Outcome, Outcome] | None:
    """The readable engine's outcome and the compiled one's; None where both give the run up."""
    try:
        reference = SimPy().run(task)
    except Unfinished as error:
        with pytest.raises(Unfinished, match=f"^{error.left:,} requests"):
            Kernel().run(task)
        return None
    return reference, Kernel().run(task)


def assert_agree(task: Task) -> None:
    """Every row, count, area, total and visit is the same to 1e-9."""
    outcomes = both(task)
    if outcomes is None:
        return
    reference, kernel = outcomes
    assert reference.rows is not None
    assert kernel.rows is not None
    for name in ROW_FIELDS:
        _assert_close(name, kernel.rows[name], reference.rows[name])
    for name in ("requests", "batch_sum_s", "batch_count", "stations", "totals", "units"):
        _assert_close(name, getattr(kernel, name), getattr(reference, name))
    np.testing.assert_array_equal(kernel.sketch.sum(1), reference.sketch.sum(1))
    assert np.abs(kernel.ended_s - reference.ended_s) <= 1e-9 * max(1.0, reference.ended_s)
    assert kernel.used_up == reference.used_up
    _assert_same_visits(kernel, reference)


def _assert_close(name: str, ours: NDArray[Any], theirs: NDArray[Any]) -> None:
    """NaN in the same places, and all else the same to 1e-9."""
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9, err_msg=name)


def _assert_same_visits(kernel: Outcome, reference: Outcome) -> None:
    assert len(kernel.spans) == len(reference.spans)
    ours, theirs = (np.sort(outcome.spans, order=_SPAN_KEY) for outcome in (kernel, reference))
    for name in ours.dtype.names or ():
        if name == "key":
            np.testing.assert_array_equal(ours[name], theirs[name])
        else:
            _assert_close(f"visits: {name}", ours[name], theirs[name])


def kinds_in(value: object) -> set[str]:
    """Names of all dataclasses that a plan is made of."""
    if isinstance(value, tuple):
        return {name for item in value for name in kinds_in(item)}
    if not is_dataclass(value) or isinstance(value, type):
        return set()
    inner = {name for field in fields(value) for name in kinds_in(getattr(value, field.name))}
    return {type(value).__name__} | inner
