"""What an image is made of: a Dockerfile, and the few files that it copies. The same content gives the same bytes."""

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from strategies.containers.closure import ROOT, closure
from strategies.containers.requirements import BY_FORMAT, BY_MODULE, SERVING, locked
from strategies.hosts.contract import Service
from strategies.packaging.package import MANIFEST, ModelPackage

BASE = "python:3.11-slim"
REPOSITORY = "drydock"
FILES = "/drydock/files"
"""Where packages lie in an image, each in a folder with the name that the service knows it by."""
_ALWAYS = ("strategies.hosts.lifeline", "strategies.containers.inside", "strategies.containers.healthy")
_TEMPLATE = Path(__file__).with_name("Dockerfile.template")
_MORE = """\
COPY requirements/more.txt requirements/more.txt
RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --no-deps \\
    --only-binary :all: -r requirements/more.txt
"""
_IGNORED = "*\n!requirements\n!code\n!files\n"


@dataclass(frozen=True)
class Recipe:
    """One image's content."""

    dockerfile: str
    files: Mapping[str, bytes]
    """Path within the build's context to content."""
    base_id: str = ""
    """Identifier of the base image, where it is known: another base is another image."""

    @classmethod
    def of(cls, service: Service, base_id: str = "") -> "Recipe":
        """The image for a service: what it imports, our code, and the model packages among its files."""
        packages = {name: ModelPackage.open(path) for name, path in service.files.items() if is_package(path)}
        more = {*BY_MODULE.get(service.module, ())}
        more |= {root for package in packages.values() for root in BY_FORMAT.get(package.manifest.format, ())}
        files = {"requirements/serving.txt": locked(SERVING).encode()}
        if more:
            files["requirements/more.txt"] = _besides(more)
        for path in closure((service.module, *_ALWAYS)):
            files[f"code/{path.relative_to(ROOT).as_posix()}"] = path.read_bytes()
        files |= dict(_packed(packages))
        text = _TEMPLATE.read_text().replace("{more}", _MORE if more else "")
        return cls(text, files, base_id)

    @cached_property
    def tag(self) -> str:
        """The image's name, which follows from its content: an image of that name need not be built again."""
        digest = hashlib.sha256(f"{self.base_id}\n{self.dockerfile}".encode())
        for name, content in sorted(self.files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return f"{REPOSITORY}:{digest.hexdigest()[:24]}"

    def context(self) -> bytes:
        """What the engine is sent to build it: a tar without times or owners, so that its cache knows old layers."""
        buffer = io.BytesIO()
        everything = {**self.files, "Dockerfile": self.dockerfile.encode(), ".dockerignore": _IGNORED.encode()}
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, content in sorted(everything.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o644
                tar.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()


def is_package(path: Path) -> bool:
    return (path / MANIFEST).is_file()


def _besides(roots: set[str]) -> bytes:
    """The lines that the first layer does not have."""
    have = set(locked(SERVING).splitlines())
    return "".join(f"{line}\n" for line in locked(roots).splitlines() if line not in have).encode()


def _packed(packages: Mapping[str, ModelPackage]) -> Iterator[tuple[str, bytes]]:
    yield "files/.keep", b""  # the folder is there even when a service has no package
    for name, package in sorted(packages.items()):
        for file in (MANIFEST, *sorted(package.manifest.files)):
            yield f"files/{name}/{file}", (package.folder / file).read_bytes()
