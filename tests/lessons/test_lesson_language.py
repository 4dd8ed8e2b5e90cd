"""Another language: phrases by gettext, texts by folder, and English wherever it lacks either."""

import ast
import shutil
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from lessons import language as speaking
from lessons.catalogue import FOLDER, catalogue
from lessons.language import N_, _, language, use
from lessons.phrases import phrases

ROOT = Path(__file__).parents[2]


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of lessons with one of them, and one phrase, in German."""
    own = tmp_path / "lessons"
    shutil.copytree(FOLDER / "en", own / "en")
    (own / "de").mkdir()
    text = (own / "en" / "08_load_and_tails.md").read_text().replace("Load, tails and queues", "Last und Schlangen")
    (own / "de" / "08_load_and_tails.md").write_text(text)
    shutil.copy(own / "en" / "08_load_and_tails.svg", own / "de")
    spoken = Catalog(locale="de")
    spoken.add("{n} of {all} lessons done", "{n} von {all} Lektionen geschafft")
    place = own / "locale" / "de" / "LC_MESSAGES"
    place.mkdir(parents=True)
    with (place / "drydock.mo").open("wb") as out:
        write_mo(out, spoken)
    monkeypatch.setattr(speaking, "_HERE", own)
    speaking._catalogue.cache_clear()
    yield own
    use("en")
    speaking._catalogue.cache_clear()


def test_phrases_and_texts_come_in_the_language_where_it_has_them(german: Path) -> None:
    use("de")
    assert _("{n} of {all} lessons done").format(n=3, all=14) == "3 von 14 Lektionen geschafft"
    assert _("Run") == "Run"
    found = catalogue(german)
    assert found.texts["08_load_and_tails"].title == "Last und Schlangen"
    assert found.texts["01_life_cycle"].title == "The life cycle of a model"


def test_an_unknown_language_is_english(german: Path) -> None:  # noqa: ARG001
    use("xx")
    assert language() == "en"
    use("../../etc")
    assert language() == "en"


def test_what_is_made_at_import_is_only_marked() -> None:
    assert N_("Arrivals") == "Arrivals"


def test_every_phrase_can_be_collected() -> None:
    """A phrase put together at run time, such as an f-string, would never reach a translator."""
    found = {text for _file, _line, text in phrases()}
    assert {"{n} of {all} lessons done", "Arrivals", "Run"} <= found
    assert all(text.strip() for text in found)
    for folder in ("lessons", "dashboard/learning", "dashboard/teaching"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
                    assert not isinstance(node.args[0], ast.JoinedStr), f"{path}:{node.lineno} says an f-string"
