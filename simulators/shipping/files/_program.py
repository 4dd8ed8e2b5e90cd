"""What an image runs, by strategy, and the files that go into it."""

from collections.abc import Mapping

from simulators.shipping.shipment import PORT, Shipment
from strategies.containers.recipe import Recipe
from strategies.containers.requirements import locked
from strategies.hosts.contract import Service

MODEL = "/drydock/files/model"
"""Where the package lies in the image."""
_MODULES: Mapping[str, tuple[str, ...]] = {
    "api": ("strategies.serving",),
    "streaming": ("strategies.streams.consumer", "strategies.streams.set_up"),
    "batch": ("strategies.batches",),
}
SERVE = f"""\
#!/bin/sh
# What `docker run IMAGE` starts, and `docker run IMAGE serve`, which is how Amazon SageMaker asks for it.
exec python -P -m strategies.serving --package {MODEL} --host 0.0.0.0 --port "${{PORT:-{PORT}}}" "$@"
"""
CHECK = "strategies.measuring.served"
"""The program that measures a running server against the SLO."""
_CHECKED_WITH = ("httptools", "numpy", "orjson", "psutil", "pyarrow", "pydantic", "scipy", "tomli-w")


def recipe(shipment: Shipment) -> Recipe:
    """The image's content, as the container host would make it for the same services."""
    modules = _MODULES[shipment.candidate.strategy]
    made = [Recipe.of(Service("model", module, files={"model": shipment.package.folder})) for module in modules]
    files: dict[str, bytes] = {}
    for each in made:
        files |= each.files
    fullest = max(made, key=lambda each: len(each.dockerfile))  # one of them may need further libraries
    files |= {path: content for path, content in fullest.files.items() if path.startswith("requirements/")}
    return Recipe(fullest.dockerfile, files)


def consumer(shipment: Shipment) -> list[str]:
    return ["python", "-P", "-m", "strategies.streams.consumer", "--prefix", shipment.names.prefix]


def set_up(shipment: Shipment) -> list[str]:
    return [
        "python", "-P", "-m", "strategies.streams.set_up", "--prefix", shipment.names.prefix, "--package", MODEL,
    ]  # fmt: skip


def job(folder: str) -> list[str]:
    return [
        "python", "-P", "-m", "strategies.batches", "--input", f"{folder}/input.parquet", "--package", MODEL,
        "--output", f"{folder}/predictions.parquet", "--quiet",
    ]  # fmt: skip


def check_requirements() -> bytes:
    """What `CHECK` imports, locked."""
    return locked(_CHECKED_WITH).encode()
