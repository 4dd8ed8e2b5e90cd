"""Reading lessons' texts: whatever is wrong is told with its line, and a broken lesson stops no other."""

import shutil
from pathlib import Path

import pytest

from data.errors import InvalidFile
from lessons.catalogue import FOLDER, catalogue
from lessons.texts import ChoiceQuestion, NumberQuestion, parse_text
from lessons.texts.parsing import around_diagram

MODEL = "08_load_and_tails"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of lessons with one in it, to be spoiled."""
    own = tmp_path / "lessons"
    (own / "en").mkdir(parents=True)
    for name in (f"{MODEL}.md", f"{MODEL}.svg"):
        shutil.copy(FOLDER / "en" / name, own / "en")
    return own


def spoiled(folder: Path, before: str, after: str) -> tuple[Path, int]:
    """The lesson with a text replaced, and the line where that stood."""
    path = folder / "en" / f"{MODEL}.md"
    text = path.read_text()
    assert text.count(before) >= 1
    path.write_text(text.replace(before, after, 1))
    return path, text[: text.index(before)].count("\n") + 1


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("minutes = 30", "minutes = ", "is not TOML"),
        ("minutes = 30", 'minutes = "30"', "must be a int"),
        ('badge = "simulated"', 'badge = "imagined"', "must be measured or simulated"),
        ('badge = "simulated"', 'badge = "simulated"\nlevel = 3', "is no key of the front matter"),
        ("= 20 ± 0.5 ms", "20 ms", "needs a line such as"),
        ("### Number", "### Numbers", "needs the headings"),
        ("= ? ms", "? ms", "needs one line such as"),
        ("- [x] Requests come", "- [ ] Requests come", "must mark exactly one option as right"),
        ("](08_load_and_tails.svg)", "](nothing.svg)", "is not beside the text"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(folder: Path, before: str, after: str, rule: str) -> None:
    path, line = spoiled(folder, before, after)
    with pytest.raises(InvalidFile) as caught:
        parse_text(path)
    (problem,) = caught.value.problems
    assert rule in problem.rule
    # A rule about a whole section names the line of its heading, just above.
    assert line - 16 <= problem.line <= line + 1
    assert f"line {problem.line}" in str(caught.value)


def test_every_missing_section_is_told_at_once(folder: Path) -> None:
    path, _ = spoiled(folder, "## Transfer", "## Transport")
    spoiled(folder, "## Challenge", "## Chance")
    with pytest.raises(InvalidFile) as caught:
        parse_text(path)
    assert {problem.value for problem in caught.value.problems} == {"## transfer", "## challenge"}


@pytest.mark.parametrize("content", ["", "\n\n", "# A page", "+++\n", "+++\ntitle = 3\n+++\n", "+++\n+++\n## Scenario"])
def test_no_content_breaks_the_reader(folder: Path, content: str) -> None:
    path = folder / "en" / f"{MODEL}.md"
    path.write_text(content)
    with pytest.raises(InvalidFile):
        parse_text(path)


def test_a_broken_lesson_is_reported_and_the_others_go_on(folder: Path) -> None:
    for slug in ("09_good", "10_bad", "11_not_text"):
        text = (folder / "en" / f"{MODEL}.md").read_text().replace(f"{MODEL}.svg", f"{slug}.svg")
        (folder / "en" / f"{slug}.md").write_text(text.replace("## Idea", "## Ideas") if slug == "10_bad" else text)
        shutil.copy(folder / "en" / f"{MODEL}.svg", folder / "en" / f"{slug}.svg")
    (folder / "en" / "11_not_text.md").write_bytes(b"\xff\xfe\x00")
    found = catalogue(folder)
    assert list(found.texts) == [MODEL, "09_good"]
    assert [broken.slug for broken in found.broken] == ["10_bad", "11_not_text"]
    assert found.broken[0].file == "lessons/en/10_bad.md"
    assert found.broken[0].line > 100
    assert "## idea" in found.broken[0].message


def test_a_text_that_changed_is_read_anew(folder: Path) -> None:
    assert catalogue(folder).texts[MODEL].minutes == 30
    spoiled(folder, "minutes = 30", "minutes = 45")
    assert catalogue(folder).texts[MODEL].minutes == 45


def test_another_language_may_call_sections_as_it_likes(folder: Path) -> None:
    path, _ = spoiled(folder, "## Scenario", "## Der Fall {#scenario}")
    assert parse_text(path).prose["scenario"].startswith("The car dealership")


def test_questions_are_read_whole() -> None:
    text = parse_text(FOLDER / "en" / f"{MODEL}.md")
    assert isinstance(text.worked, NumberQuestion)
    assert (text.worked.value, text.worked.tolerance, text.worked.unit) == (20, 0.5, "ms")
    assert text.worked.accepts(20.5)
    assert not text.worked.accepts(20.6)
    assert isinstance(text.mechanism, ChoiceQuestion)
    assert len(text.mechanism.options) == 4
    assert text.mechanism.right == 0
    assert text.mechanism.options[1].misconception == "Slower service"
    assert text.prediction.options[3] == "grows more than twofold"
    assert len(text.retrieval) == 2


def test_the_diagram_parts_the_idea() -> None:
    before, after = around_diagram(parse_text(FOLDER / "en" / f"{MODEL}.md").prose["idea"])
    assert before.endswith("while others are served.")
    assert after.startswith("The share of the time")
