"""The whole way, for real: a scenario's file in; training, deployments, load, figures and an exit status out."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from data.scenario import Scenario
from data.scenario.lines import key_lines
from data.store import RunStore
from simulators.comparison.__main__ import _EXITS, _quick, main
from simulators.comparison.checking import check_measurable
from simulators.comparison.compare import compare
from simulators.comparison.models import package_for
from simulators.comparison.rows import heading, rows
from simulators.comparison.saved import load_comparison
from simulators.decision.saved import kept_decision, to_dict
from strategies.profiling.shelf import keep_profile
from tests.simulators.comparison.small import ROOT, SMALL
from tests.simulators.decision.made import profile

LONG = SMALL.evolve(
    workload={"duration_s": 120.0}, measurement={"repetitions": 1}, candidates=(SMALL.candidate("api"),)
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="services need POSIX")


@pytest.fixture(scope="module")
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One state folder for all tests here, so that the model is trained once."""
    folder = tmp_path_factory.mktemp("home")
    before = os.environ.get("DRYDOCK_HOME")
    os.environ["DRYDOCK_HOME"] = str(folder)
    yield folder
    os.environ.pop("DRYDOCK_HOME")
    if before is not None:
        os.environ["DRYDOCK_HOME"] = before


def _heed_interrupts() -> None:
    # A shell starts what runs in the background deaf to Ctrl-C, and the tests themselves may run there.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Command:
    """``python -m simulators.comparison`` on a scenario, and everything that it starts."""

    def __init__(self, folder: Path, scenario: Scenario, *arguments: str) -> None:
        file = folder / "scenario.toml"
        scenario.save(file)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulators.comparison", str(file), *arguments],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            preexec_fn=_heed_interrupts,
        )  # fmt: skip
        self.errors = ""

    def until(self, text: str) -> None:
        """Read its progress as far as a line that holds this text."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.errors += line
            if text in line:
                return
        raise AssertionError(f"it ended before it said {text!r}: {self.errors}")

    def end(self, number: int) -> None:
        self._process.send_signal(number)

    def result(self) -> tuple[int, str]:
        """Exit status and what it printed."""
        output, errors = self._process.communicate(timeout=120)
        self.errors += errors
        return self._process.returncode, output


def family(folder: Path) -> list[psutil.Process]:
    """Every living process that works for this state folder, this one excepted."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("DRYDOCK_HOME") == str(folder):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def soon(condition: Callable[[], bool]) -> bool:
    deadline_s = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return condition()


def running(folder: Path, module: str) -> psutil.Process:
    """The process of that module that was started last."""
    found = [p for p in family(folder) if module in " ".join(p.cmdline())]
    return max(found, key=lambda process: process.create_time())


def test_a_scenario_is_measured_and_page_and_command_show_the_same(state_folder: Path, tmp_path: Path) -> None:
    first = Command(tmp_path, SMALL, "--json", str(tmp_path / "out.json"))
    code, output = first.result()
    figures = json.loads((tmp_path / "out.json").read_text())
    assert code == _EXITS[figures["outcome"]], first.errors
    assert figures["outcome"] in ("met", "invalid")  # a second is a lot, but the machine may be busy

    comparison = load_comparison(RunStore("some browser"), figures["group"])
    decision = figures.pop("decision")
    assert json.loads(json.dumps(comparison.to_dict())) == figures
    kept = kept_decision(comparison.group, SMALL)
    assert kept is not None
    assert to_dict(kept) == decision
    for statement in kept.words:
        assert statement.text in output
    assert output.startswith(heading(comparison))
    for row in rows(comparison):
        for text in (row.candidate, row.verdict, *row.cells.values()):
            assert text in output
    traffic = [[trace.row.tolist() for trace in result.traces] for result in comparison.results]
    assert traffic[0] == traffic[1]
    assert [len(result.runs) for result in comparison.results] == [2, 2]
    assert all(n > 100 for n in (result.summary.n for result in comparison.results if result.summary))
    said = [line.strip().partition(" ")[2] for line in first.errors.splitlines()]
    assert {"model: fitting", "measuring api, repetition 2 of 2"} <= set(said)

    # Once more: the model is there already, the seed makes other traffic, and nothing is left of the first.
    second = Command(tmp_path, SMALL, "--json", "-", "--candidate", "embedded", "--seed", "1", "--quick")
    code, output = second.result()
    again = json.loads(output)
    assert code == _EXITS[again["outcome"]]
    assert again["models"] == figures["models"]
    assert "model: fitting" not in second.errors
    assert [candidate["name"] for candidate in again["candidates"]] == ["embedded"]
    assert family(state_folder) == []
    assert {path.name for path in state_folder.glob("traces/*")} == {
        f"{run['id']}.parquet" for found in (figures, again) for c in found["candidates"] for run in c["runs"]
    }


@pytest.mark.parametrize("file", sorted((ROOT / "docs" / "scenarios").glob("*.toml")), ids=lambda file: file.stem)
def test_the_examples_can_be_measured(file: Path) -> None:
    check_measurable(Scenario.load(file), key_lines(file.read_text()))


def test_quick_cuts_what_can_be_cut() -> None:
    quick = _quick(Scenario.default().evolve(workload={"duration_s": 60.0}))
    assert (quick.workload.duration_s, quick.measurement.repetitions, quick.measurement.warm_up_s) == (3.0, 2, 0.5)
    late_spike = Scenario.default().evolve(workload={"kind": "spike", "duration_s": 20.0, "start_s": 15.0})
    assert _quick(late_spike).workload == late_spike.workload
    assert _quick(late_spike).measurement.repetitions == 2


def test_simulated_candidates_are_decided_on_and_the_decision_is_confirmed(state_folder: Path, tmp_path: Path) -> None:
    version = package_for(SMALL).version
    keep_profile(version, profile())
    scenario = SMALL.evolve(
        slo={"latency_ms": 50.0},
        measurement={"warm_up_s": 2.0},  # functions that start with the traffic take 0.8 s
        forecast={"rate_rps": 2.0},
        candidates=[
            {"name": "servers", "strategy": "api", "source": "simulated"},
            {"name": "lambda", "strategy": "api", "architecture": "serverless", "source": "simulated"},
        ],
    )
    out, record = tmp_path / "out.json", tmp_path / "record.md"
    first = Command(tmp_path, scenario, "--json", str(out), "--record", str(record), "--expect", "lambda")
    code, output = first.result()
    assert code == 0, first.errors
    figures = json.loads(out.read_text())
    assert {candidate["origin"] for candidate in figures["candidates"]} == {"simulated"}
    assert figures["decision"]["chosen"] == "lambda"
    assert "lambda is the cheapest that keeps every limit" in output
    assert "### Confirmation" in record.read_text()
    assert "--expect lambda" in record.read_text()

    # The same scenario run as the page runs it leads to the same decision.
    again = kept_decision(compare(scenario).group, scenario)
    assert again is not None
    assert to_dict(again) | {"group": ""} == figures["decision"] | {"group": ""}

    # Where functions cost a hundred times as much, the decision no longer holds, and the status says so.
    dear = (ROOT / "data/prices/lists/aws-us-east-1.toml").read_text()
    dear = dear.replace('name = "aws-us-east-1"', 'name = "dear"').replace("usd = 1.00", "usd = 500.0")
    (tmp_path / "dear.toml").write_text(dear)
    changed = Command(
        tmp_path, scenario.evolve(prices="dear"), "--prices", str(tmp_path / "dear.toml"), "--expect", "lambda"
    )
    code, _ = changed.result()
    assert (code, "lambda is no longer chosen: servers is" in changed.errors) == (1, True), changed.errors
    assert main([str(tmp_path / "scenario.toml"), "--prices", str(tmp_path / "out.json")]) == 2
    assert family(state_folder) == []


def test_interrupted_it_cleans_up(state_folder: Path, tmp_path: Path) -> None:
    command = Command(tmp_path, LONG)
    command.until("measuring api")
    assert len(family(state_folder)) >= 3  # the command, the worker, the server
    command.end(signal.SIGINT)
    code, output = command.result()
    assert (code, output) == (130, "")
    assert "Cancelled." in command.errors
    assert family(state_folder) == []
    assert RunStore().find()[0].status == "cancelled"


def test_killed_it_leaves_nothing(state_folder: Path, tmp_path: Path) -> None:
    command = Command(tmp_path, LONG)
    command.until("measuring api")
    command.end(signal.SIGKILL)
    assert command.result()[0] == -signal.SIGKILL
    assert soon(lambda: family(state_folder) == [])


def test_the_generator_killed_the_run_has_failed_and_the_next_one_works(state_folder: Path, tmp_path: Path) -> None:
    command = Command(tmp_path, LONG)
    command.until("measuring api")
    running(state_folder, "strategies.jobs.worker").kill()
    code, _ = command.result()
    assert code == 3
    assert "was killed by SIGKILL" in command.errors
    assert family(state_folder) == []
    assert RunStore().find()[0].problems == ("Its process was killed by SIGKILL.",)

    impossible = SMALL.evolve(slo={"latency_ms": 0.000_1}, measurement={"repetitions": 1})
    after = Command(tmp_path, impossible, "--candidate", "embedded")
    code, output = after.result()
    assert (code == 1 and "missed" in output) or (code == 3 and "not valid" in output), after.errors
    assert re.search(r"^p50 +\d", output, re.MULTILINE)


def test_a_server_killed_its_candidate_is_not_judged(state_folder: Path, tmp_path: Path) -> None:
    command = Command(tmp_path, LONG, "--json", str(tmp_path / "out.json"))
    command.until("measuring api")
    running(state_folder, "strategies.serving").kill()
    code, _ = command.result()
    assert code == 3
    (api,) = json.loads((tmp_path / "out.json").read_text())["candidates"]
    assert api["outcome"] in ("invalid", "not_measured")
    assert "was killed by SIGKILL" in " ".join(api["reasons"])
    assert family(state_folder) == []
