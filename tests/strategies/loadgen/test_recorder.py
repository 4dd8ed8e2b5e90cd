"""The recorder: what goes in comes out, however large it grows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.trace import Status
from strategies.contract import Answer
from strategies.loadgen import recorder
from strategies.loadgen.recorder import PENDING, Recorder


@given(
    st.lists(st.tuples(st.sampled_from(Status), st.floats(0, 1e3), st.sampled_from(["", "a", "b"])), max_size=60),
    st.integers(0, 40),
)
@settings(max_examples=60, deadline=None)
def test_everything_that_was_recorded_is_in_the_columns(outcomes: list[tuple[Status, float, str]], room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "_MORE", 7)
        made = Recorder(room, began_s=100.0)
        for i, (status, end_s, version) in enumerate(outcomes):
            made.take(i, i * 2, i / 10)
            outputs = np.array([i, -i, 0.5]) if status == Status.OK else None
            made.answer(Answer(i, status, outputs, version, i % 3, 100.5 + i, attempts=1 + i % 2), end_s)
        columns, outputs_found = made.columns()
    n = len(outcomes)
    assert all(len(column) == n for column in columns.values())
    assert list(columns["status"]) == [status for status, _, _ in outcomes]
    assert list(columns["end_s"]) == [end_s for _, end_s, _ in outcomes]
    assert list(columns["row"]) == [2 * i for i in range(n)]
    assert columns["start_s"] == pytest.approx([0.5 + i for i in range(n)])
    names = list(made.versions)
    assert [names[v] if v >= 0 else "" for v in columns["version"]] == [version for _, _, version in outcomes]
    for i, (status, _, _) in enumerate(outcomes):
        assert (
            np.array_equal(outputs_found[i], [i, -i, 0.5]) if status == Status.OK else np.isnan(outputs_found[i]).all()
        )


def test_a_request_is_pending_until_it_is_over() -> None:
    made = Recorder(2, began_s=0.0)
    made.take(0, 0, 0.0)
    assert made.status[0] == PENDING
    made.close(0, Status.TIMEOUT, 5.0, "no answer in time")
    columns, outputs = made.columns()
    assert list(columns["status"]) == [Status.TIMEOUT]
    assert np.isnan(columns["sent_s"][0])
    assert outputs.shape == (1, 1)
    assert made.reasons == {"no answer in time": 1}
