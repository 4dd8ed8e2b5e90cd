"""Where price lists are kept: those that ship, and a team's own in the state folder."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from data.errors import InvalidValue, UnknownKind
from data.home import home
from data.prices.model import PriceList
from data.prices.reading import read_price_list

_SHIPPED = Path(__file__).parent / "lists"


def price_list_names() -> tuple[str, ...]:
    """Names of all lists, those that ship first."""
    own = sorted(set(_files(home() / "prices")) - set(_files(_SHIPPED)))
    return (*sorted(_files(_SHIPPED)), *own)


def price_list(name: str) -> PriceList:
    """The list of that name; `UnknownKind` tells those that exist."""
    for folder in (_SHIPPED, home() / "prices"):
        path = _files(folder).get(name)
        if path is not None:
            return _read(path, path.stat().st_mtime_ns)
    raise UnknownKind("price list", name, price_list_names())


def keep_price_list(text: str, file: str = "price list") -> PriceList:
    """Check a list and keep it under its own name, in the place of an older one; nothing is half-kept.

    Raises `InvalidFile` for what is wrong in it, and `InvalidValue` for the name of a list that ships.
    """
    found = read_price_list(text, file)
    if found.name in _files(_SHIPPED):
        raise InvalidValue("name", found.name, "is a list that ships with Drydock", "give yours another name")
    folder = home() / "prices"
    folder.mkdir(exist_ok=True)
    partial = folder / f".{found.name}.partial"
    partial.write_text(text, encoding="utf-8")
    partial.replace(folder / f"{found.name}.toml")
    return found


def _files(folder: Path) -> Mapping[str, Path]:
    return {path.stem: path for path in folder.glob("*.toml")} if folder.is_dir() else {}


@lru_cache(maxsize=64)
def _read(path: Path, _changed_ns: int) -> PriceList:
    return read_price_list(path.read_text(encoding="utf-8"), path.name)
