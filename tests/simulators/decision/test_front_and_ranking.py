"""The front and the ranking: what no other beats, and no order where the data show none."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.estimate import Estimate
from data.estimates import percentile
from simulators.decision.front import dominates, pareto_front
from simulators.decision.ranking import rank
from simulators.decision.separating import separation
from tests.simulators.decision.made import estimate, scenario

VALUES = st.floats(0.01, 1e4)
POINT = st.fixed_dictionaries({a: st.builds(estimate, VALUES, st.floats(0, 100)) for a in ("latency", "cost", "risk")})
POINTS = st.dictionaries(st.sampled_from("abcdefgh"), POINT, min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(POINTS)
def test_the_front_is_what_nobody_beats(points: dict[str, dict[str, Estimate]]) -> None:
    front = pareto_front(points)
    assert front
    for name, point in points.items():
        beaten = any(dominates(other, point) for other in points.values())
        assert (name in front) != beaten
        # The independent definition, number by number.
        brute = any(
            all(o[a].value <= point[a].value for a in point) and any(o[a].high < point[a].low for a in point)
            for o in points.values()
        )
        assert beaten == brute


def test_what_the_data_do_not_separate_takes_nobody_off_the_front() -> None:
    near = {"a": {"cost": estimate(10, 2)}, "b": {"cost": estimate(11, 2)}}
    assert pareto_front(near) == ("a", "b")
    far = {"a": {"cost": estimate(10, 2)}, "b": {"cost": estimate(15, 2)}}
    assert pareto_front(far) == ("a",)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(POINTS, st.floats(0.1, 50))
def test_places_are_complete_and_only_the_weights_proportions_count(
    points: dict[str, dict[str, Estimate]], factor: float
) -> None:
    weights = {"latency": 1.0, "cost": 2.0}
    found = rank(points, weights)
    assert sorted(name for place in found.places for name in place.names) == sorted(points)
    scaled = rank(points, {axis: weight * factor for axis, weight in weights.items()})
    assert [place.names for place in scaled.places] == [place.names for place in found.places]
    for earlier, later in zip(found.places, found.places[1:], strict=False):
        assert all(not found.scores[a].overlaps(found.scores[b]) for a in earlier.names[-1:] for b in later.names[:1])


def test_overlapping_candidates_share_a_place() -> None:
    points = {"a": {"cost": estimate(10, 2)}, "b": {"cost": estimate(12, 2)}, "c": {"cost": estimate(30, 2)}}
    assert [(place.number, place.names) for place in rank(points, {"cost": 1.0}).places] == [
        (1, ("a", "b")),
        (3, ("c",)),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_doing_the_measurement_that_is_asked_for_separates_them(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def measured(median: float, n: int) -> Estimate:
        return percentile(median * rng.lognormal(0.0, 0.4, n), 50.0)

    first, second = measured(10.0, 300), measured(10.8, 300)
    if not first.overlaps(second):
        return  # chance told them apart already
    asked = separation(scenario(), "a", "b", "latency", first, second)
    if asked.by == "nothing":
        assert "tie" in asked.says
        return
    assert asked.by == "measure"
    assert asked.requests > 300
    assert asked.seconds == pytest.approx(2 * asked.repetitions * 3.5)
    again = measured(10.0, 10 * asked.requests), measured(10.8, 10 * asked.requests)
    assert not again[0].overlaps(again[1])


def test_the_measurement_asked_for_is_as_long_as_the_root_law_says() -> None:
    # Half-widths of 2 together 4, one apart: 16 times the requests, and a tenth more.
    asked = separation(scenario(), "a", "b", "latency", estimate(10, 2, 400), estimate(11, 2, 400))
    assert asked.requests == int(400 * 16 * 1.1)
    assert (asked.repetitions, asked.longer) == (36, 1)  # 2 x 17.6, rounded up
    tie = separation(scenario(), "a", "b", "latency", estimate(10, 2, 400), estimate(10, 2, 400))
    assert (tie.by, tie.requests) == ("nothing", 0)
    # Half as far apart takes four times as many, more repetitions than a scenario may ask for: each is to be longer.
    near = separation(scenario(), "a", "b", "latency", estimate(10, 2, 400), estimate(10.5, 2, 400))
    assert (near.repetitions, near.longer) == (71, 2)  # 2 x 70.4 = 140.8 of the scenario's length
    assert "71 repetitions of each, 2 times as long, (about 28,160 requests" in near.says
