"""Broken lessons in a real browser: each is told with file and line, and the others go on."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.learning import Learner, button, rest
from tests.browser.steps import LONG_MS
from tests.browser.visiting import ROOT, Server, Visitor, start_server, stop_server

pytestmark = pytest.mark.browser

_FAILING = """

def _fails(self, settings, *, seed, progress, cancelled):
    return 1 / 0


{experiment}.run = _fails
"""


class Broken:
    """A project with four broken lessons: the line of each."""

    TEXT, LOADING, SIMULATED, MEASURED = (
        "05_inference_apis", "06_batch_or_real_time", "11_serverless_and_managed", "01_life_cycle",
    )  # fmt: skip

    def __init__(self, root: Path) -> None:
        self.root = root
        for path in ROOT.iterdir():
            if path.name in (".streamlit", "dashboard", "data", "simulators", "strategies"):
                (root / path.name).symlink_to(path)
        shutil.copytree(ROOT / "lessons", root / "lessons", ignore=shutil.ignore_patterns("__pycache__"))
        text = root / "lessons" / "en" / f"{self.TEXT}.md"
        text.write_text(text.read_text().replace("minutes = ", "minutes = about ", 1))
        self.lines = {
            self.TEXT: 1 + text.read_text().splitlines().index(re.search("minutes.*", text.read_text())[0]),  # type: ignore[index]
            self.LOADING: self._append(self.LOADING, "\nimport no_such_module\n"),
            self.SIMULATED: self._append(self.SIMULATED, _FAILING.format(experiment="ServerlessAndManaged")),
            self.MEASURED: self._append(self.MEASURED, _FAILING.format(experiment="LifeCycle")),
        }

    def _append(self, slug: str, code: str) -> int:
        """Add code to that experiment; the line on which it fails."""
        file = self.root / "lessons" / "experiments" / f"{slug}.py"
        whole = file.read_text() + code
        file.write_text(whole)
        fails = [i for i, line in enumerate(whole.splitlines(), 1) if "1 / 0" in line or "no_such_module" in line]
        return fails[-1]


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[tuple[Broken, Server]]:
    root, home = tmp_path / "project", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    made = Broken(root)
    running = start_server(home, root=root)
    yield made, running
    stop_server(running)


def fails(visitor: Visitor, server: Server, slug: str) -> Page:
    """Run a lesson whose experiment fails."""
    page = visitor.open(f"{server.url}/learn?lesson={slug}")
    learner = Learner(page, slug)
    learner.predict(0, 1)
    learner.press(button(page, "Run"))
    return page


def test_broken_lessons_are_told_with_file_and_line_and_others_go_on(
    broken: tuple[Broken, Server], visitor: Visitor
) -> None:
    made, server = broken
    page = fails(visitor, server, Broken.SIMULATED)
    expect(page.get_by_text("The experiment failed (ZeroDivisionError")).to_be_visible(timeout=LONG_MS)
    page = fails(visitor, server, Broken.MEASURED)
    expect(page.get_by_text("Lesson 1 failed.")).to_be_visible(timeout=LONG_MS)
    page = visitor.open(f"{server.url}/learn?lesson={Broken.LOADING}")
    expect(page.get_by_text("No module named").first).to_be_visible()

    page = visitor.open(f"{server.url}/learn")
    expect(page.get_by_text(f"Not available now: {Broken.TEXT}")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Load, tails and queues")).first).to_be_visible()
    healthy = visitor.open(f"{server.url}/learn?lesson=08_load_and_tails")
    expect(button(healthy, "Predict")).to_be_visible()

    teach = visitor.open(f"{server.url}/learn_class")
    rest(teach)
    for slug, line in made.lines.items():
        file = f"lessons/en/{slug}.md" if slug == Broken.TEXT else f"lessons/experiments/{slug}.py"
        expect(teach.get_by_text(f"{file}, line {line}").first).to_be_visible()
    expect(teach.get_by_text("A run failed at")).to_have_count(2)
