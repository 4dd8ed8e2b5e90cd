"""``python -m lessons.phrases FILE.pot``: collect the phrases that the code says, for translators.

A translation of the catalogue goes to lessons/locale/<language>/LC_MESSAGES/drydock.po and is compiled with
``pybabel compile -D drydock -d lessons/locale``; lessons' texts are translated as whole files in lessons/<language>/.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_FOLDERS = ("lessons", "dashboard/learning", "dashboard/teaching", "dashboard/views", "dashboard/charts")
_MARKS = ("_", "N_")


def phrases(root: Path = _ROOT) -> Iterator[tuple[str, int, str]]:
    """File, line and text of every phrase that goes through `_` or `N_`."""
    from babel.messages.extract import extract_from_file

    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            for line, text, _comments, _context in extract_from_file("python", path, dict.fromkeys(_MARKS)):
                yield path.relative_to(root).as_posix(), line, str(text)


def catalogue(root: Path = _ROOT) -> Any:
    """All phrases as a Babel catalogue, each with the places that say it."""
    from babel.messages.catalog import Catalog

    found = Catalog(project="Drydock", charset="utf-8")
    for file, line, text in phrases(root):
        found.add(text, locations=[(file, line)])
    return found


def main(path: str) -> None:
    """Write the template."""
    from babel.messages.pofile import write_po

    with Path(path).open("wb") as out:
        write_po(out, catalogue(), width=110)


if __name__ == "__main__":
    main(sys.argv[1])
