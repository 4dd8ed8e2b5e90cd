"""Controls for the settings of a kind that is a dataclass, by way of the controls for pydantic's models."""

import ast
import inspect
import textwrap
from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints

from pydantic import BaseModel, create_model
from pydantic import Field as Described


@cache
def form_of(cls: type, skipped: tuple[str, ...] = ()) -> type[BaseModel]:
    """A model with a dataclass's settings: their types, defaults, and what is written below each in its source."""
    hints, about = get_type_hints(cls), _described(cls)
    usual = cls()
    shown = [f for f in fields(cls) if f.init and f.name not in skipped and hints[f.name] in (int, float, str, bool)]
    shown += [f for f in fields(cls) if f.init and f.name not in skipped and "Literal" in str(hints[f.name])]
    made: dict[str, Any] = {
        f.name: (hints[f.name], Described(getattr(usual, f.name), description=about.get(f.name))) for f in shown
    }
    return create_model(f"{cls.__name__}Settings", **made)


def _described(cls: type) -> dict[str, str]:
    """What the source says below each field, those of base classes included."""
    found: dict[str, str] = {}
    for one in reversed(cls.__mro__[:-1]):
        if not one.__module__.startswith("strategies."):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, text in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return found
