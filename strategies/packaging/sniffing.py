"""What a file is, read from its bytes and never from its name; nothing in it is loaded or run."""

import bz2
import io
import lzma
import pickletools
import re
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["onnx", "skops", "pickle", "other"]
_HEAD_BYTES = 1 << 16
_MAX_MEMBERS = 20_000
_DOTTED = re.compile(r"[A-Za-z_][\w.]* [A-Za-z_][\w.]*")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file turned out to be."""

    kind: Kind
    detail: str
    """In words: how it was recognised, or what it is instead."""


def sniff(path: Path) -> Sniffed:
    """Recognise a model file.

    A pickle is recognised bare, compressed as joblib does it, and as a member of a zip archive (PyTorch, NumPy's
    object arrays, a file that was zipped to hide it). ONNX is what is left and begins as a protobuf message of its
    kind; `onnx_checks` then looks closely.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if zipfile.is_zipfile(path) and not _has_protocol(head):
        return _sniff_zip(path)
    found = _pickle_in(head)
    if found:
        return Sniffed("pickle", found)
    if head[:1] == b"\x08" and len(head) > 2:  # field 1, the version, as all writers of ONNX begin
        return Sniffed("onnx", "an ONNX model")
    return Sniffed("other", "an HDF5 file" if head[:4] == b"\x89HDF" else "no file format that a model is sent in")


def _pickle_in(head: bytes) -> str:
    """How these first bytes of a file are a pickle; empty when they are not."""
    if _is_object_array(head):
        return "a NumPy file of Python objects, which is a pickle"
    plain = _as_pickle(head)
    if plain:
        return plain
    for name, decompress in _DECOMPRESSORS.items():
        inner = decompress(head)
        if inner and _as_pickle(inner):
            return f"a pickle compressed with {name}, as joblib writes it"
    return ""


def _has_protocol(head: bytes) -> bool:
    return len(head) > 1 and head[0] == 0x80 and head[1] <= 8


def _as_pickle(head: bytes) -> str:
    if _has_protocol(head):
        return f"a pickle of protocol {head[1]}"
    # Protocols 0 and 1 have no header: the instructions are read, which does not follow them, up to one that imports
    # something or that ends the pickle where the file ends.
    with suppress(Exception):  # no instruction, or cut off
        for operation, argument, position in pickletools.genops(io.BytesIO(head)):
            if position == 0 and operation.stack_before:
                return ""  # it takes from the stack, and there is nothing on it yet
            imports = operation.name in ("GLOBAL", "INST") and _DOTTED.fullmatch(str(argument))
            if imports or (operation.name == "STOP" and position == len(head) - 1 > 1):
                return "a pickle of protocol 0 or 1"
    return ""


def _is_object_array(head: bytes) -> bool:
    return head[:6] == b"\x93NUMPY" and b"'|O'" in head[:512]


def _sniff_zip(path: Path) -> Sniffed:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS:
                return Sniffed("other", f"a zip archive of {len(members):,} files")
            for member in members:
                with archive.open(member) as file:
                    found = _pickle_in(file.read(_HEAD_BYTES))
                if found:
                    return Sniffed("pickle", f"a zip archive whose file {member.filename} is {found}")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, zlib.error) as error:
        return Sniffed("other", f"a zip archive that cannot be read ({error})")
    is_skops = any(member.filename == "schema.json" for member in members)
    return Sniffed("skops", "a skops file") if is_skops else Sniffed("other", "a zip archive without a skops schema")


def _some(
    make: Callable[[], "zlib._Decompress | bz2.BZ2Decompressor | lzma.LZMADecompressor"],
) -> Callable[[bytes], bytes]:
    """A function that decompresses at most a head's worth of bytes, and nothing of what is not so compressed."""

    def decompress(head: bytes) -> bytes:
        try:
            return make().decompress(head, _HEAD_BYTES)
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
            return b""

    return decompress


_DECOMPRESSORS = {
    "zlib": _some(lambda: zlib.decompressobj(zlib.MAX_WBITS)),
    "gzip": _some(lambda: zlib.decompressobj(zlib.MAX_WBITS | 16)),
    "bz2": _some(bz2.BZ2Decompressor),
    "xz": _some(lambda: lzma.LZMADecompressor(lzma.FORMAT_AUTO)),
}
