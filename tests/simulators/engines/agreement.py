"""Whether two engines say the same about a run, request by request."""

from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from simulators.engines.contract import ROW_FIELDS, Outcome, Task
from simulators.engines.kernel import Kernel
from simulators.engines.simpy import SimPy
from simulators.plan import Unfinished

CLOSE = {"rtol": 1e-9, "atol": 1e-9}
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
        np.testing.assert_allclose(
            kernel.rows[name].astype(np.float64), reference.rows[name].astype(np.float64), **CLOSE, err_msg=name
        )
    for name in ("requests", "batch_sum_s", "batch_count", "stations", "totals", "units"):
        np.testing.assert_allclose(getattr(kernel, name), getattr(reference, name), **CLOSE, err_msg=name)
    np.testing.assert_array_equal(kernel.sketch.sum(1), reference.sketch.sum(1))
    assert np.abs(kernel.ended_s - reference.ended_s) <= 1e-9 * max(1.0, reference.ended_s)
    assert kernel.used_up == reference.used_up
    _assert_same_visits(kernel, reference)


def _assert_same_visits(kernel: Outcome, reference: Outcome) -> None:
    assert len(kernel.spans) == len(reference.spans)
    ours, theirs = (np.sort(outcome.spans, order=_SPAN_KEY) for outcome in (kernel, reference))
    for name in ours.dtype.names or ():
        if name == "key":
            np.testing.assert_array_equal(ours[name], theirs[name])
        else:
            np.testing.assert_allclose(
                ours[name].astype(np.float64), theirs[name].astype(np.float64), **CLOSE, err_msg=f"visits: {name}"
            )


def kinds_in(value: object) -> set[str]:
    """Names of all dataclasses that a plan is made of."""
    if isinstance(value, tuple):
        return {name for item in value for name in kinds_in(item)}
    if not is_dataclass(value) or isinstance(value, type):
        return set()
    inner = {name for field in fields(value) for name in kinds_in(getattr(value, field.name))}
    return {type(value).__name__} | inner
