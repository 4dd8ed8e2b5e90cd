"""A scenario is one value in three forms: itself, a TOML file, and the parameters of a URL."""

import json
import pickle
from pathlib import Path
from typing import Any

import annotated_types as at
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from data.discovery import kind_name, kinds
from data.errors import DrydockError, InvalidScenario
from data.scenario import Candidate, Scenario
from data.workloads.contract import Workload

KINDS = kinds("data.workloads", Workload)  # type: ignore[type-abstract]
DEFAULT = Scenario.default()

names = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True)
keys = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=40) | st.sampled_from(
    ["", "true", "1", "NaN", "null", '"', "{}", " 5 ", "a=b&c", "[x]", "é ±"]
)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | floats | texts
maps = st.dictionaries(keys, scalars, max_size=3)


def bounded(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, exclude_min=True) | st.integers(int(low) + 1, int(high)).map(float)


def workload_field(field: FieldInfo) -> st.SearchStrategy[Any]:
    """Values of a workload's field: the default, or for a number any within its bounds."""
    usual = st.just(field.get_default(call_default_factory=True, validated_data={}))
    if field.annotation not in (int, float):
        return usual
    low, high, low_open = 0.0, 1e4, False
    for rule in field.metadata:
        if isinstance(rule, at.Gt | at.Ge):
            low, low_open = float(rule.gt if isinstance(rule, at.Gt) else rule.ge), isinstance(rule, at.Gt)  # type: ignore[arg-type]
        elif isinstance(rule, at.Lt | at.Le):
            high = min(high, float(rule.lt if isinstance(rule, at.Lt) else rule.le))  # type: ignore[arg-type]
    if field.annotation is int:
        return usual | st.integers(int(low) + low_open, int(high))
    return usual | st.floats(low, high, exclude_min=low_open, exclude_max=True)


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    cls = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    drawn = {name: draw(workload_field(field)) for name, field in cls.model_fields.items() if not field.is_required()}
    try:
        return cls(**drawn)
    except (ValidationError, DrydockError):
        # The fields' own bounds are kept, so this is a rule between fields; the defaults keep it.
        return cls()


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    candidates = draw(
        st.lists(
            st.builds(
                dict, name=names, strategy=names, host=names, architecture=names, release=names,
                workers=st.integers(1, 64), settings=maps,
            ),
            min_size=1, max_size=5, unique_by=lambda c: c["name"],
        )
    )  # fmt: skip
    return Scenario.from_mapping(
        {
            "name": draw(names),
            "title": draw(texts),
            "seed": draw(st.integers(0, 2**63 - 1)),
            "data": {"name": draw(names), "target": draw(texts)},
            "model": {"algorithm": draw(names), "parameters": draw(maps), "package": draw(texts)},
            "workload": draw(workloads()),
            "slo": {
                "percentile": draw(st.floats(0, 100, exclude_min=True, exclude_max=True)),
                "latency_ms": draw(bounded(0, 1e6)),
                "max_error_share": draw(st.floats(0, 1, exclude_max=True)),
            },
            "budget": draw(
                st.fixed_dictionaries(
                    {}, optional={"usd_per_month": bounded(0, 1e9), "max_staleness_s": bounded(0, 1e9)}
                )
            ),
            "measurement": {"warm_up_s": draw(st.floats(0, 600)), "repetitions": draw(st.integers(1, 100))},
            "candidates": candidates,
        }
    )


generous = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def exactly(scenario: Scenario) -> str:
    """All values with their types, so that 1, 1.0 and true differ."""
    return json.dumps(scenario.to_mapping())


@generous
@given(scenarios())
def test_toml_keeps_a_scenario_exactly(scenario: Scenario) -> None:
    back = Scenario.from_toml(scenario.to_toml())
    assert back == scenario
    assert exactly(back) == exactly(scenario)
    assert type(back.workload) is type(scenario.workload)


@generous
@given(scenarios())
def test_the_url_keeps_a_scenario_exactly(scenario: Scenario) -> None:
    query = scenario.to_query()
    assert all(isinstance(name, str) and isinstance(value, str) for name, value in query.items())
    back, problems = Scenario.from_query(query)
    assert problems == []
    assert exactly(back) == exactly(scenario)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_workload_goes_through_file_and_url(kind: str) -> None:
    scenario = DEFAULT.evolve(workload={"kind": kind})
    assert kind_name(type(scenario.workload)) == kind
    assert Scenario.from_toml(scenario.to_toml()) == scenario
    assert Scenario.from_query(scenario.to_query()) == (scenario, [])


def test_the_default_is_the_empty_url() -> None:
    assert DEFAULT.to_query() == {}
    assert Scenario.from_query({}) == (DEFAULT, [])
    # What a URL says is added to the default, so the default must not hold what a URL could not take away.
    assert not DEFAULT.model.parameters
    assert not any(candidate.settings for candidate in DEFAULT.candidates)


def test_the_url_holds_only_what_differs() -> None:
    changed = DEFAULT.evolve(seed=7, slo={"latency_ms": 20.0}).alter("api", workers=4)
    assert changed.to_query() == {"seed": "7", "slo.latency_ms": "20.0", "candidates.2.workers": "4"}


query_names = st.sampled_from(
    [
        *("seed", "slo", "slo.latency_ms", "slo.", ".", "utm_source", "data.name", "workload", "workload.kind"),
        *("workload.duration_s", "workload.users", "model.parameters.depth", "model.parameters", "candidates"),
        *("candidates.1.name", "candidates.2.workers", "candidates.0.name", "candidates.3.name", "candidates.x"),
    ]
)
query_values = st.sampled_from(
    ["1", "-1", "3", "2.5", "true", "null", "[]", "{}", "api", "bursty", "1e999", "NaN", "x y", "", "9" * 5000]
)


@generous
@given(st.dictionaries(query_names | st.text(max_size=12), query_values | st.text(max_size=12), max_size=8))
def test_no_url_raises_and_each_refused_parameter_is_told(query: dict[str, str]) -> None:
    scenario, problems = Scenario.from_query(query)
    refused = {problem.name for problem in problems}
    assert len(refused) == len(problems)
    assert refused <= query.keys()
    # What was not refused is in force: without the refused ones the outcome is the same and clean.
    kept = {name: value for name, value in query.items() if name not in refused}
    assert Scenario.from_query(kept) == (scenario, [])
    assert Scenario.from_toml(scenario.to_toml()) == scenario


def test_a_bad_parameter_does_not_take_the_good_ones_with_it() -> None:
    scenario, problems = Scenario.from_query(
        {"seed": "9", "slo.latency_ms": "-4", "workload.kind": "nonsense", "workload.rate_rps": "7", "view": "table"},
        ignore=["view"],
    )
    assert scenario == DEFAULT.evolve(seed=9, workload={"rate_rps": 7.0})
    assert {problem.name for problem in problems} == {"slo.latency_ms", "workload.kind"}
    assert all(problem.rule and problem.remedy for problem in problems)


def test_a_file_keeps_a_scenario(tmp_path: Path) -> None:
    DEFAULT.save(tmp_path / "mine.toml")
    assert Scenario.load(tmp_path / "mine.toml") == DEFAULT
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_evolve_changes_only_the_fields_named() -> None:
    changed = DEFAULT.evolve(slo={"percentile": 95.0}, workload={"rate_rps": 3.0}, title="Slower")
    assert changed.slo == DEFAULT.slo.model_copy(update={"percentile": 95.0})
    assert changed.workload.duration_s == DEFAULT.workload.duration_s
    assert changed.workload.mean_rate_rps == 3.0
    assert DEFAULT.workload.mean_rate_rps == 100.0
    with pytest.raises(InvalidScenario, match=r"slo\.latency_ms = -1"):
        DEFAULT.evolve(slo={"latency_ms": -1})


def test_another_kind_of_workload_starts_from_its_own_defaults() -> None:
    for kind, cls in KINDS.items():
        if cls is not type(DEFAULT.workload):
            assert DEFAULT.evolve(workload={"kind": kind}).workload == cls()


def test_candidates_are_added_duplicated_altered_and_removed() -> None:
    grown = DEFAULT.add(Candidate(name="wide", strategy="api", workers=4)).duplicate("api", workers=2)
    assert [c.name for c in grown.candidates] == ["embedded", "api", "api-2", "wide"]
    assert grown.candidate("api-2") == Candidate(name="api-2", strategy="api", workers=2)
    assert [c.name for c in grown.duplicate("api").candidates] == ["embedded", "api", "api-3", "api-2", "wide"]
    assert grown.remove("api-2").remove("wide") == DEFAULT
    assert grown.alter("wide", workers=8).candidate("wide").workers == 8
    with pytest.raises(InvalidScenario, match="at least 1 item"):
        DEFAULT.remove("api").remove("embedded")
    with pytest.raises(InvalidScenario, match="'apu' is not in the scenario: choose one of embedded, api"):
        DEFAULT.remove("apu")
    with pytest.raises(InvalidScenario, match="another candidate's name"):
        DEFAULT.alter("api", name="embedded")


def test_a_scenario_crosses_a_process_boundary() -> None:
    assert pickle.loads(pickle.dumps(DEFAULT)) == DEFAULT
    for kind in KINDS:
        scenario = DEFAULT.evolve(workload={"kind": kind})
        assert exactly(pickle.loads(pickle.dumps(scenario))) == exactly(scenario)


def test_the_examples_are_complete_and_valid() -> None:
    found = sorted((Path(__file__).parents[2] / "docs" / "scenarios").glob("*.toml"))
    assert found
    for path in found:
        scenario = Scenario.load(path)
        assert scenario.name == path.stem
        assert path.read_text().startswith("#"), f"{path.name} says nothing about itself"
