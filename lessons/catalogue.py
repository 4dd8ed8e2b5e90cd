"""Finding the lessons. A file in lessons/<language>/ is one; its experiment has the same name in lessons/experiments/.

Texts are read when a page is drawn, and again when they change; an experiment is imported only when its lesson is
opened. A broken one is reported and stops no other.
"""

import importlib
import inspect
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from data.errors import DiscoveryError, InvalidFile, UnknownKind
from lessons.contract import Experiment
from lessons.language import DEFAULT, language
from lessons.texts import LessonText, parse_text

FOLDER = Path(__file__).parent
_PACKAGE = "lessons.experiments"


@dataclass(frozen=True, slots=True)
class Broken:
    """A lesson that cannot be shown, and why."""

    slug: str
    file: str
    line: int
    """0 where the whole file is meant."""
    message: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The lessons in their order, and those that are broken."""

    texts: Mapping[str, LessonText]
    broken: tuple[Broken, ...]

    def text(self, slug: str) -> LessonText:
        if slug not in self.texts:
            raise UnknownKind("lesson", slug, self.texts)
        return self.texts[slug]


def catalogue(folder: Path = FOLDER) -> Catalogue:
    """All lessons in the current language; what it lacks comes in English."""
    english = {path.stem: path for path in sorted((folder / DEFAULT).glob("*.md"))}
    own = {path.stem: path for path in sorted((folder / language()).glob("*.md"))}
    texts, broken = {}, []
    for slug, path in (english | own).items():
        try:
            texts[slug] = _read(path, path.stat().st_mtime_ns, path.relative_to(folder.parent).as_posix())
        except UnicodeDecodeError as error:
            file = path.relative_to(folder.parent).as_posix()
            broken.append(Broken(slug, file, 1, f"{file} is not UTF-8 text ({error}). Save it as UTF-8."))
        except InvalidFile as error:
            file = path.relative_to(folder.parent).as_posix()
            broken.append(Broken(slug, file, error.problems[0].line, str(error)))
    return Catalogue(texts, tuple(broken))


def experiment(slug: str) -> Experiment:
    """The experiment of that lesson; `DiscoveryError` says what is wrong with its file."""
    name = f"{_PACKAGE}.{slug}"
    try:
        module = importlib.import_module(name)
    except Exception as error:
        sys.modules.pop(name, None)
        file, line = _where(error, slug)
        raise DiscoveryError(
            f"{file}, line {line}: the experiment fails to load ({type(error).__name__}: {error}). Mend the file."
        ) from error
    own = [
        cls
        for cls in vars(module).values()
        if inspect.isclass(cls)
        and issubclass(cls, Experiment)
        and cls.__module__ == name
        and not inspect.isabstract(cls)
    ]
    if len(own) != 1:
        raise DiscoveryError(f"{_file(slug)}, line 1: it defines {len(own)} complete experiments, and must define one.")
    return own[0]()


def check_experiments(slugs: tuple[str, ...]) -> tuple[Broken, ...]:
    """Those of these lessons whose experiment does not load."""
    broken = []
    for slug in slugs:
        try:
            experiment(slug)
        except DiscoveryError as error:
            line = _where(error.__cause__, slug)[1] if error.__cause__ else 1
            broken.append(Broken(slug, _file(slug), line, str(error)))
    return tuple(broken)


def where_failed(error: BaseException, slug: str) -> Broken:
    """An experiment that failed while it ran, with the last line of its own file that it reached."""
    file, line = _where(error, slug)
    return Broken(slug, file, line, f"{type(error).__name__}: {error}")


def _file(slug: str) -> str:
    return f"lessons/experiments/{slug}.py"


def _where(error: BaseException, slug: str) -> tuple[str, int]:
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).stem == slug:
        return _file(slug), error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.lineno for frame in frames if Path(frame.filename).stem == slug and frame.lineno]
    return _file(slug), own[-1] if own else 1


@lru_cache(maxsize=256)
def _read(path: Path, _changed_ns: int, shown: str) -> LessonText:
    return parse_text(path, shown)
