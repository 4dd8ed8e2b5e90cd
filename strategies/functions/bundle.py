"""``python -m strategies.functions.bundle --package FOLDER --output function.zip`` packs a function for AWS Lambda.

The zip holds our code and the model. What the code imports is named in its ``requirements.txt``; AWS wants it in the
same zip, so install it into a folder first and add that (``--libraries``):

    python -m strategies.functions.bundle --package FOLDER --output function.zip --requirements requirements.txt
    pip install --target libraries --no-deps --only-binary :all: -r requirements.txt
    python -m strategies.functions.bundle --package FOLDER --output function.zip --libraries libraries

Handler: ``strategies.functions.handler.handler``. AWS has the runtime client itself; sizes above 50 MB are uploaded by
way of S3, and 250 MB unpacked is its limit.
"""

import argparse
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from data.errors import DrydockError, InvalidValue
from strategies.containers.closure import ROOT, closure
from strategies.containers.requirements import BY_FORMAT, locked
from strategies.packaging.package import MANIFEST, ModelPackage

HANDLER_MODULE = "strategies.functions.handler"
IMPORTED = ("numpy", "onnxruntime", "orjson")
"""What a prediction imports."""
ASKED_FOR = ("fastapi", "prometheus-client")
"""What other paths import when they are asked."""
UNPACKED_LIMIT_BYTES = 250 << 20
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same content gives the same bytes


def requirements(package: ModelPackage) -> str:
    """The locked requirements of a function with this package."""
    return locked((*IMPORTED, *ASKED_FOR, *BY_FORMAT.get(package.manifest.format, ())))


def pack(package: ModelPackage, output: Path, libraries: Path | None = None) -> int:
    """Write the zip; the bytes that it unpacks to. `InvalidValue` when that is more than AWS takes."""
    files = dict(_files(package, libraries))
    size = sum(path.stat().st_size for path in files.values())
    if size > UNPACKED_LIMIT_BYTES:
        rule = f"unpack to more than the {UNPACKED_LIMIT_BYTES >> 20} MB that AWS takes"
        raise InvalidValue(
            "libraries", f"{size >> 20} MB", rule, "leave out what is not needed, or use a container image"
        )
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return size


def _files(package: ModelPackage, libraries: Path | None) -> Iterator[tuple[str, Path]]:
    """Name in the zip, and the file."""
    if libraries is not None:
        for path in libraries.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(libraries).as_posix(), path
    for path in closure((HANDLER_MODULE,)):
        yield path.relative_to(ROOT).as_posix(), path
    for name in (MANIFEST, *package.manifest.files):
        yield f"package/{name}", package.folder / name


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True, help="folder of a model package")
    parser.add_argument("--output", type=Path, required=True, help="zip to write")
    parser.add_argument("--libraries", type=Path, help="folder that pip installed the requirements into")
    parser.add_argument("--requirements", type=Path, help="file to write the requirements to")
    asked = parser.parse_args(arguments)
    package = ModelPackage.open(asked.package)
    if asked.requirements is not None:
        asked.requirements.write_text(requirements(package))
    size = pack(package, asked.output, asked.libraries)
    print(f"{asked.output}: {asked.output.stat().st_size / 1e6:.1f} MB, {size / 1e6:.1f} MB unpacked")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (DrydockError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
