"""Every dataset that a scenario can name."""

from data.datasets.contract import Dataset
from data.discovery import kinds
from data.errors import UnknownKind


def dataset_names() -> tuple[str, ...]:
    """Names of all datasets that ship with Drydock."""
    return tuple(kinds("data.datasets", Dataset))  # type: ignore[type-abstract]


def find_dataset(name: str) -> Dataset:
    """The dataset of that name; an unknown one raises `UnknownKind`, which lists those that exist."""
    shipped = kinds("data.datasets", Dataset)  # type: ignore[type-abstract]
    if name in shipped:
        return shipped[name]()
    raise UnknownKind("dataset", name, shipped)
