"""The load generator on a core of its own, and a clock on the others."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from strategies.loadgen import apart
from strategies.loadgen._ticking import RECORD
from strategies.loadgen.cores import on_own_core, parted, usable_cores
from strategies.loadgen.slowness import STEP_S, Slowness, clocked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which core runs what")
_TELL = "import os; print(sorted(os.sched_getaffinity(0)))"


def test_what_is_started_meanwhile_has_the_other_cores() -> None:
    usable = os.sched_getaffinity(0)
    if len(usable) < 2:
        pytest.skip("takes two cores")
    own = min(usable)
    with apart() as possible:
        assert possible
        assert parted()
        assert usable_cores() == len(usable) - 1
        started = subprocess.run([sys.executable, "-c", _TELL], capture_output=True, text=True, check=True)
        assert started.stdout.strip() == str(sorted(usable - {own}))
        with on_own_core():
            assert os.sched_getaffinity(0) == {own}
        assert os.sched_getaffinity(0) == usable - {own}
    assert os.sched_getaffinity(0) == usable
    assert not parted()
    with on_own_core():
        assert os.sched_getaffinity(0) == usable


def test_one_core_cannot_be_parted() -> None:
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(usable)})
    try:
        with apart() as possible:
            assert not possible
            assert not parted()
    finally:
        os.sched_setaffinity(0, usable)


def test_steps_are_told_against_full_speed_and_gaps_by_their_neighbours(tmp_path: Path) -> None:
    steps = [(step, 100 * (3_000 if 40 <= step < 60 else 2_000), 100) for step in range(100) if not 70 <= step < 80]
    steps[65] = (65, 9_000, 3)  # three units say nothing
    path = tmp_path / "0"
    path.write_bytes(b"".join(RECORD.pack(*step) for step in steps) + b"half")
    slow = Slowness((path,)).of(30 * STEP_S, 90 * STEP_S - 1e-6)
    assert len(slow) >= 60
    assert slow[:10] == pytest.approx(1.0)
    assert slow[10:30] == pytest.approx(1.5)
    assert slow[30:] == pytest.approx(1.0)
    assert Slowness((path,)).of(500.0, 501.0).size == 0
    assert Slowness(()).of(0.0, 1.0).size == 0


def test_a_clock_ticks_and_ends() -> None:
    core = max(os.sched_getaffinity(0))
    before = set(psutil.Process().children())
    with clocked({core}) as slowness:
        (clock,) = set(psutil.Process().children()) - before
        begun_s, slow = time.perf_counter(), np.empty(0)
        while not len(slow) and time.perf_counter() < begun_s + 30:
            time.sleep(0.2)
            slow = slowness.of(begun_s, time.perf_counter())
        assert len(slow)
        assert (slow >= 1.0).all()
        assert os.sched_getscheduler(clock.pid) == os.SCHED_IDLE
        assert clock.cpu_affinity() == [core]
    assert not clock.is_running()


def test_a_clock_does_not_outlive_a_killed_measurement() -> None:
    program = (
        "import os, time\nfrom strategies.loadgen.slowness import clocked\n"
        "with clocked({max(os.sched_getaffinity(0))}):\n    print('on', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as measuring:
        assert measuring.stdout is not None
        assert measuring.stdout.readline() == "on\n"
        clocks = psutil.Process(measuring.pid).children()
        assert len(clocks) == 1
        measuring.send_signal(signal.SIGKILL)
        measuring.wait()
    gone, alive = psutil.wait_procs(clocks, timeout=30)
    assert gone
    assert not alive


def test_other_threads_stay_where_they_are() -> None:
    usable = os.sched_getaffinity(0)
    seen: list[set[int]] = []
    asked, over = threading.Event(), threading.Event()

    def other() -> None:
        asked.wait(30)
        seen.append(os.sched_getaffinity(0))
        over.set()

    thread = threading.Thread(target=other)
    thread.start()
    with apart():
        asked.set()
        assert over.wait(30)
    thread.join()
    assert seen == [usable]
