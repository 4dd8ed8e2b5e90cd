"""A queue of the test's own, and the folder of its jobs in the import path."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from strategies.jobs import JobQueue


@pytest.fixture
def queue(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobQueue]:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    assert home.is_dir()  # where the machine's lock goes
    with JobQueue() as queue:
        yield queue
