"""A service profile: exact round trip, and refusal of what cannot have been measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InvalidFile, InvalidValue
from data.profile import AtLoad, ColdStart, Component, Idle, ServiceProfile

MODEL = Component("model", ((1, (0.001, 0.003)), (8, (0.004,))), 10)
PROFILE = ServiceProfile("p", "api", "process", 1, (MODEL,), overhead_s=(0.0005,), cpu_s=0.002)
seconds = st.lists(st.floats(1e-9, 1e6), min_size=1, max_size=5).map(tuple)


@given(service=seconds, extra=seconds, delay=seconds, start=st.floats(0, 100), workers=st.integers(1, 64))
def test_json_reads_back_exactly(
    service: tuple[float, ...], extra: tuple[float, ...], delay: tuple[float, ...], start: float, workers: int
) -> None:
    profile = ServiceProfile(
        "café", "api", "function", workers, (Component("model", ((1, service), (4, extra)), 7),), delay_s=delay,
        idle=(Idle(0.01, extra), Idle(1.0, delay, False)), cold_starts=(ColdStart((("import", start),)),),
        discipline="ps", notes=("a", "b"), capacity_rps=12.5,
    )  # fmt: skip
    assert ServiceProfile.from_json(profile.to_json()) == profile


def test_a_file_reads_back_and_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "p.json"
    PROFILE.save(path)
    assert ServiceProfile.load(path) == PROFILE
    assert [p.name for p in path.parent.iterdir()] == ["p.json"]


def test_a_load_of_an_older_file_has_neither_run_length_nor_processor_time() -> None:
    seen = replace(PROFILE, at_load=(AtLoad(10.0, (0.001, 0.002), run_s=3.0, cpu_s=0.0005),))
    assert ServiceProfile.from_json(seen.to_json()) == seen
    older = json.loads(seen.to_json())
    for name in ("run_s", "cpu_s"):
        del older["at_load"][0][name]
    assert ServiceProfile.from_json(json.dumps(older)).at_load == (AtLoad(10.0, (0.001, 0.002)),)
    with pytest.raises(InvalidValue, match=r"run_s and cpu_s at 10/s"):
        replace(PROFILE, at_load=(AtLoad(10.0, (0.001,), cpu_s=0.0),))


def test_occupancy_is_overhead_and_components_and_not_delay() -> None:
    assert PROFILE.occupancy_s == pytest.approx(0.0005 + 0.002)
    assert replace(PROFILE, delay_s=(9.0,)).occupancy_s == PROFILE.occupancy_s
    assert PROFILE.cpu_share == pytest.approx(0.8)


def test_another_model_takes_its_place() -> None:
    slower = Component("model", ((1, (0.5,)),))
    assert PROFILE.with_component(slower).component("model") is slower
    with pytest.raises(InvalidValue, match="is not in the profile"):
        PROFILE.with_component(Component("modal", ((1, (0.5,)),)))


@pytest.mark.parametrize("bad", [(0.0,), (-1.0,), (float("nan"),), (float("inf"),)])
def test_what_is_no_duration_is_refused(bad: tuple[float, ...]) -> None:
    with pytest.raises(InvalidValue, match="above 0 and finite"):
        replace(PROFILE, hop_s=bad)
    with pytest.raises(InvalidValue, match="above 0 and finite"):
        Component("model", ((1, bad),))


def test_contradictions_are_refused() -> None:
    with pytest.raises(InvalidValue, match="from 1"):
        Component("model", ((2, (0.1,)),))
    with pytest.raises(InvalidValue, match="each once"):
        replace(PROFILE, components=(MODEL, MODEL))
    with pytest.raises(InvalidValue, match="ascending pauses"):
        replace(PROFILE, idle=(Idle(1.0, (0.1,)), Idle(0.5, (0.1,))))
    with pytest.raises(InvalidValue, match="is not a discipline"):
        replace(PROFILE, discipline="lifo")  # type: ignore[arg-type]


def test_a_file_that_is_none_is_refused_with_its_name(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    good = json.loads(PROFILE.to_json())
    for text in ("", "[]", "{}", json.dumps({**good, "colour": "red"}), json.dumps({**good, "format": "2"}),
                 json.dumps({k: v for k, v in good.items() if k != "components"})):  # fmt: skip
        broken.write_text(text)
        with pytest.raises(InvalidFile, match=r"broken\.json.*measure the profile again|broken\.json.*Measure"):
            ServiceProfile.load(broken)
