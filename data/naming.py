"""Names that people give to what they store: safe as a file's name, and usable in a scenario."""

import re
from collections.abc import Collection

from data.errors import InvalidValue

NAME = r"[a-z0-9][a-z0-9_.-]{0,63}"


def check_name(name: str, taken: Collection[str]) -> None:
    """Refuse a name that is not of the form, or that something else has."""
    if not re.fullmatch(NAME, name):
        rule = "must be 1 to 64 small letters, digits, dots, dashes or underscores, beginning with a letter or digit"
        raise InvalidValue("name", name, rule, "choose another name, such as my_data")
    if name in taken:
        raise InvalidValue("name", name, "is taken", f"choose a name other than {', '.join(sorted(taken))}")
