"""LoadGen's scenarios, as workloads of ours."""

import numpy as np
import pytest

from data.errors import UnknownKind
from data.workloads.contract import ClosedSchedule, OpenSchedule
from strategies.loadgen.presets import PRESETS, preset


def test_the_names_are_loadgens() -> None:
    assert list(PRESETS) == ["SingleStream", "MultiStream", "Server", "Offline"]
    with pytest.raises(UnknownKind, match="SingleStream"):
        preset("Singlestream")


@pytest.mark.parametrize(("name", "users"), [("SingleStream", 1), ("MultiStream", 8)])
def test_streams_are_users_who_do_not_think(name: str, users: int) -> None:
    schedule = preset(name).build(duration_s=1.0).schedule(10, seed=1)
    assert isinstance(schedule, ClosedSchedule)
    assert schedule.users == users
    assert not schedule.think_s.any()


def test_server_traffic_is_poisson() -> None:
    schedule = preset("Server").build(rate_rps=500.0, duration_s=20.0).schedule(10, seed=1)
    assert isinstance(schedule, OpenSchedule)
    counts = np.histogram(schedule.at_s, 200, (0, 20.0))[0]
    assert 0.7 < counts.var() / counts.mean() < 1.35


def test_offline_traffic_comes_all_at_once() -> None:
    schedule = preset("Offline").build(requests=70).schedule(10, seed=1)
    assert isinstance(schedule, OpenSchedule)
    assert len(schedule) == 70
    assert not schedule.at_s.any()
