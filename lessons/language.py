"""The language that a learner reads: texts by folder, everything else by gettext.

Texts of lessons live in a folder of their language (lessons/en/); words in the code go through `_`, whose catalogues
are lessons/locale/<language>/LC_MESSAGES/drydock.mo. English is complete; whatever another language lacks is shown in
English.
"""

import gettext
from contextvars import ContextVar
from functools import cache
from pathlib import Path

DEFAULT = "en"
_HERE = Path(__file__).parent
_current: ContextVar[str] = ContextVar("language", default=DEFAULT)


def use(language: str) -> None:
    """Speak this language from here on, in this thread or task; an unknown one means English."""
    _current.set(language if language in languages() else DEFAULT)


def language() -> str:
    return _current.get()


def languages() -> tuple[str, ...]:
    """Those with a folder of texts."""
    return tuple(sorted(folder.name for folder in _HERE.iterdir() if len(folder.name) == 2 and folder.is_dir()))


def _(text: str) -> str:
    """The text in the current language. Put values in with `format` afterwards, so that translators see whole phrases.

    >>> _("{n} of {all} lessons done").format(n=3, all=14)
    '3 of 14 lessons done'
    """
    return _catalogue(language()).gettext(text)


def N_(text: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a text that is made when its file is imported; whoever shows it puts it through `_`."""
    return text


@cache
def _catalogue(name: str) -> gettext.NullTranslations:
    return gettext.translation("drydock", _HERE / "locale", [name], fallback=True)
