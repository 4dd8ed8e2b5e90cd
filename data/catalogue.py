"""Every dataset that a scenario can name: those that ship with Drydock, and a user's own."""

from data.datasets.contract import Dataset
from data.discovery import kinds
from data.errors import UnknownKind


def dataset_names() -> tuple[str, ...]:
    """Names of all datasets, those that ship first."""
    from data.uploads.storing import upload_names  # tables are read when they are asked for, not when the page starts

    return (*kinds("data.datasets", Dataset), *upload_names())  # type: ignore[type-abstract]


def find_dataset(name: str) -> Dataset:
    """The dataset of that name; an unknown one raises `UnknownKind`, which lists those that exist."""
    from data.uploads.storing import open_upload, upload_names

    shipped = kinds("data.datasets", Dataset)  # type: ignore[type-abstract]
    if name in shipped:
        return shipped[name]()
    if name in upload_names():
        return open_upload(name)
    raise UnknownKind("dataset", name, dataset_names())
