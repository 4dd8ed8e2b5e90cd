"""The benchmarks' own arithmetic, and what `python -m tests.bench` does with it."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from strategies.hosts.contract import Service
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from tests.bench import __main__ as command
from tests.bench import _http_load
from tests.bench._harness import Effort, Row, compare, groups, save, table, take_turns


def test_contenders_take_turns_in_changing_order() -> None:
    calls: list[str] = []

    def contender(name: str, value: float):  # type: ignore[no-untyped-def]
        return lambda: calls.append(name) or value

    found = take_turns({"a": contender("a", 1.0), "b": contender("b", 2.0)}, 3)
    assert calls == ["a", "b", "a", "b", "b", "a", "a", "b"]  # the first turn of each only warms up
    assert found == {"a": [1.0] * 3, "b": [2.0] * 3}


def test_the_ratio_is_the_median_of_the_rounds_ratios() -> None:
    row = compare("x", [10, 100, 30], [1, 20, 2], target=10, unit="requests/s")
    assert (row.ours, row.theirs, row.ratio, row.n, row.ok) == (30, 2, 10, 3, True)
    row = compare("x", [2.0, 2.0], [10.0, 30.0], target=11, unit="ms", better="less")
    assert (row.ratio, row.ok) == (10, False)


def test_the_groups_are_the_files_of_the_folder() -> None:
    found = groups()
    assert {"api", "embedded"} <= found.keys()
    assert all(callable(group.run) for group in found.values())


def test_table_and_file_say_the_same(tmp_path: Path) -> None:
    rows = [
        Row("api: throughput", 8055.2, 208.3, 37.7, 30, "requests/s", 7, True),
        Row("short", 0.0123, 4.5, 0.5, 2, "ms", 7, False),
    ]
    lines = table(rows).splitlines()
    assert lines[1].split() == ["api:", "throughput", "8,055", "208.3", "37.7×", "30×", "requests/s", "7", "ok"]
    assert lines[2].endswith("MISSED")
    save(rows, tmp_path / "build" / "bench.json")
    written = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert [set(row) for row in written] == [{"name", "ours", "theirs", "ratio", "target", "unit", "n", "ok"}] * 2
    assert written[0]["ratio"] == 37.7


@pytest.fixture
def one_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Effort]:
    """A single group named `fake`, whose row has whatever ratio its efforts' rounds say."""
    efforts: list[Effort] = []

    def run(effort: Effort) -> list[Row]:
        efforts.append(effort)
        return [compare("fake", [effort.rounds], [1], target=3, unit="s")]

    monkeypatch.setattr(command, "groups", lambda: {"fake": SimpleNamespace(run=run)})
    monkeypatch.setattr(command, "RESULTS", tmp_path / "build" / "bench.json")
    monkeypatch.setattr(command, "save", lambda rows: save(rows, tmp_path / "build" / "bench.json"))
    return efforts


@pytest.mark.parametrize(("rounds", "status"), [("3", 0), ("2", 1)])
def test_a_missed_target_is_an_exit_status(one_group: list[Effort], rounds: str, status: int) -> None:
    assert command.main(["--only", "fake", "--rounds", rounds, "--seconds", "0.5"]) == status
    assert one_group == [Effort(int(rounds), 0.5)]


def test_an_unknown_group_names_the_known_ones(one_group: list[Effort]) -> None:
    with pytest.raises(SystemExit, match="choose one of fake"):
        command.main(["--only", "fake,fictional"])
    assert one_group == []


@pytest.mark.parametrize("tool", ["wrk", "own"])
def test_load_is_measured_with_either_tool(
    tumour_forest: ModelPackage, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tool == "own":
        monkeypatch.setattr(_http_load.shutil, "which", lambda _: None)
    elif not _http_load.shutil.which("wrk"):
        pytest.skip("wrk is not installed: apt install wrk")
    service = Service("api", "strategies.serving", ("--package", "{files:p}"), {"p": tumour_forest.folder})
    body = json.dumps({"record": dict(tumour_forest.manifest.example)}).encode()
    with ProcessHost().run(service) as running:
        load = _http_load.press(running.port, "/predict", body, 4, 0.5)
        assert load.rps > 10
        assert 0 < load.p50_s < 1
        with pytest.raises(RuntimeError, match=r"errors|422"):
            _http_load.press(running.port, "/predict", b"{}", 4, 0.2)
