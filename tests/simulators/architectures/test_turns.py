"""Turns of an event loop as batches: what a turn of each size takes."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.profile import Component, ServiceProfile
from simulators.architectures._parts import MOST_IN_A_TURN, turns
from simulators.plan import Deterministic

FIRST_S, NEXT_S = 0.001, 0.0004
PROFILE = ServiceProfile(
    "api", "api", "process", 1, (Component("model", ((1, (FIRST_S,)),)),), discipline="turns", next_s=NEXT_S
)


def _lengths_s(profile: ServiceProfile) -> dict[int, float]:
    return {size: law.mean_s for size, law in turns(Deterministic(FIRST_S), profile).by_size}


def test_further_requests_all_take_the_same_unless_told_otherwise() -> None:
    longest_s = FIRST_S + (MOST_IN_A_TURN - 1) * NEXT_S
    assert _lengths_s(PROFILE) == {1: FIRST_S, MOST_IN_A_TURN: pytest.approx(longest_s)}
    alike = _lengths_s(replace(PROFILE, next_s=0.0))
    assert alike[MOST_IN_A_TURN] == pytest.approx(MOST_IN_A_TURN * FIRST_S)


def test_a_stations_share_of_the_work_is_its_share_of_the_further_ones() -> None:
    half = turns(Deterministic(FIRST_S / 2), PROFILE).by_size
    whole = _lengths_s(PROFILE)
    assert {size: 2 * law.mean_s for size, law in half} == {size: pytest.approx(whole[size]) for size, _ in half}


def test_a_consumer_takes_up_more_at_a_time() -> None:
    stream = replace(PROFILE, strategy="streaming")
    assert turns(Deterministic(FIRST_S), stream).max_size == 512
    assert _lengths_s(stream)[512] == pytest.approx(FIRST_S + 511 * NEXT_S)


@given(st.floats(0.3, 1.5))
def test_the_longest_turn_is_the_same_and_those_before_bend(power: float) -> None:
    straight, bent = _lengths_s(PROFILE), _lengths_s(replace(PROFILE, turn_power=power))
    assert bent[1] == straight[1]
    assert bent[MOST_IN_A_TURN] == pytest.approx(straight[MOST_IN_A_TURN])
    sizes = sorted(bent)
    assert all(bent[a] < bent[b] for a, b in pairwise(sizes))
    further = {size: (bent[size] - FIRST_S) / (size - 1) for size in sizes[1:]}
    shorter = [further[size] / NEXT_S for size in sizes[1:-1]]
    assert all(value >= 1 - 1e-9 for value in shorter) if power <= 1 else all(value <= 1 + 1e-9 for value in shorter)
