"""A scenario file that cannot be used says where, what, why and what to do."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidScenario
from data.scenario import Scenario
from data.scenario.lines import key_lines

# Without the table of limits, whose place one of the faults below takes.
GOOD = Scenario.default().to_toml().replace("[budget]\ndata_stays_on_device = false\n\n", "")


def fault(text: str) -> InvalidScenario:
    with pytest.raises(InvalidScenario) as caught:
        Scenario.from_toml(text)
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "name", "value", "rule", "remedy"),
    [
        ("seed = 1", "seed = -1", "seed", -1, "must be at least 0", "default is 1"),
        ("seed = 1", "sed = 1", "sed", 1, "is not a known key", "perhaps you mean seed"),
        ("latency_ms = 50.0", 'latency_ms = "50"', "slo.latency_ms", "50", "must be a number", "in milliseconds"),
        ("latency_ms = 50.0", "latency_ms = nan", "slo.latency_ms", None, "must be finite", "in milliseconds"),
        ("latency_ms = 50.0", "latency_s = 5", "slo.latency_s", 5, "is not a known key", "perhaps you mean latency_ms"),
        ("rate_rps = 100.0", "rate_rps = 0", "workload.rate_rps", 0, "must be above 0", "requests per second"),
        ("rate_rps = 100.0", "rps = 1", "workload.rps", 1, "is not a known key", "rate_rps"),
        ('kind = "poisson"', 'kind = "poison"', "workload.kind", "poison", "is not a kind of workload", "poisson"),
        ('kind = "poisson"', "kind = 3", "workload.kind", 3, "is not a kind of workload", "poisson"),
        ("repetitions = 3", "repetitions = 2.5", "measurement.repetitions", 2.5, "must be a whole number", "times"),
        ('strategy = "api"', "", "candidates.api.strategy", None, "must be given", "such as embedded or api"),
        ('name = "api"', 'name = "Api!"', "candidates.Api!.name", "Api!", "must be of a–z, 0–9", "no other candidate"),
        ('name = "api"', 'name = "embedded"', "candidates.embedded.name", "embedded", "another candidate's", "its own"),
        ('prices = "aws-us-east-1"', "budget = 3", "budget", 3, "must be a table", "hard limits"),
        ("redundancy = 0", "redundancy = -1", "cost.redundancy", -1, "must be at least 0", "replicas beyond"),
        ("swing = 0.8", "swing = 2", "forecast.swing", 2, "must be at most 1", "over a day"),
        ("risk = 0.0", "risk = -3", "weights.risk", -3, "must be at least 0", "weight of risk"),
        ("staff_hours = 0.0", "staf = 1", "candidates.api.sizing.staf", 1, "is not a known key", "staff_hours"),
        ('source = "measured"', 'source = "told"', "candidates.api.source", "told", "must be one of", "simulated"),
        ('title = "', 'title = "\\u0000', "title", None, "must be one line of printable text", "people"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_line_name_value_rule_and_remedy(
    old: str, new: str, name: str, value: object, rule: str, remedy: str
) -> None:
    before, after = GOOD.rsplit(old, 1)
    error = fault(before + new + after)
    first = next(e for e in (error, *error.others) if e.name == name)
    assert value is None or first.value == value
    assert rule in first.rule
    assert remedy in first.remedy
    # A missing key has no line of its own: its table's header, two above here, is named instead.
    expected = before.count("\n") + 1 - (2 if rule == "must be given" else 0)
    assert first.line == expected
    assert f"line {expected}: {name} = " in str(error)


def test_all_faults_are_told_in_the_order_of_lines_and_the_first_is_raised() -> None:
    text = GOOD.replace("seed = 1", "seed = -1").replace("percentile = 99.0", "percentile = 100.0")
    error = fault(text.replace("rate_rps = 100.0", "rate = 1").replace("workers = 1", "workers = 0"))
    everything = (error, *error.others)
    lines = [e.line for e in everything]
    assert [e.name for e in everything] == [
        "seed", "workload.rate", "slo.percentile", "candidates.embedded.workers", "candidates.api.workers"
    ]  # fmt: skip
    assert None not in lines
    assert lines == sorted(lines)
    assert len(str(error).splitlines()) == 5
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.line, len(again.others)) == (str(error), error.line, 4)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("seed = = 1", 1, "is not TOML (Invalid value)"),
        ("name = 'a'\nname = 'b'", 2, "Cannot overwrite a value"),
        ("name = 'a'\ntitle = '''", 2, "is not TOML"),
        ("x = " + "[" * 5000, None, "nested too deeply"),
        ("x = '" + "a" * 1_000_001 + "'", None, "is longer than 1,000,000"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(text: str, line: int | None, says: str) -> None:
    error = fault(text)
    assert error.line == line
    assert says in str(error)


def test_what_is_missing_altogether_is_told() -> None:
    error = fault("")
    assert {e.name for e in (error, *error.others)} == {"workload", "candidates"}


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # errors shorten long paths, and temporary ones may be long
    with pytest.raises(InvalidScenario, match=r"none\.toml.* cannot be read \(No such file"):
        Scenario.load(Path("none.toml"))
    with pytest.raises(InvalidScenario, match=r"cannot be read \(Is a directory|cannot be read \(Permission"):
        Scenario.load(tmp_path)
    (tmp_path / "latin.toml").write_bytes('title = "é"'.encode("latin-1"))
    with pytest.raises(InvalidScenario, match="it is not UTF-8"):
        Scenario.load(tmp_path / "latin.toml")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_text_does_anything_but_give_a_scenario_or_a_fault(data: st.DataObject) -> None:
    """The default file with random lines dropped, doubled or replaced."""
    lines = GOOD.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        pieces = ["", "[[slo]]", "[workload]", "[[candidates]]", "a.b.c = {d = [1, {e = 2}]}", '"#" = "="', "kind = []"]
        lines[place : place + 1] = data.draw(st.lists(st.sampled_from([lines[place], *pieces]), max_size=2))
    try:
        Scenario.from_toml("\n".join(lines))
    except InvalidScenario as error:
        for one in (error, *error.others):
            assert one.rule
            assert one.remedy
            assert one.line is None or 1 <= one.line <= len(lines) + 1


def test_lines_are_found_whatever_the_layout() -> None:
    text = '''# seed = 0
seed = 1 # seed = 2

a.b = """
c = 3
"""   # [c]
list = [
  "[x]", # ]
  '{', { y = 1 },
]
  [ model . "my parameters" ]
'q=r' = "s=t"
[[candidates]]
name = "one"
[candidates.settings]
k = 1
[[candidates]]
name = "two"
  [candidates.settings]
  k = 2
'''
    assert key_lines(text) == {
        (): 1,
        ("seed",): 2,
        ("a",): 4,
        ("a", "b"): 4,
        ("list",): 7,
        ("model",): 11,
        ("model", "my parameters"): 11,
        ("model", "my parameters", "q=r"): 12,
        ("candidates",): 13,
        ("candidates", 0): 13,
        ("candidates", 0, "name"): 14,
        ("candidates", 0, "settings"): 15,
        ("candidates", 0, "settings", "k"): 16,
        ("candidates", 1): 17,
        ("candidates", 1, "name"): 18,
        ("candidates", 1, "settings"): 19,
        ("candidates", 1, "settings", "k"): 20,
    }
