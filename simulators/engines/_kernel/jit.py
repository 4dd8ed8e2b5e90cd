"""Compiling with numba: once, then kept on disk beside the sources."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.extending import register_jitable

from simulators.engines import _draws, _hpa, _moments, _sketch, _timeline

F = TypeVar("F", bound=Callable[..., Any])
_HERE = Path(__file__).parent

SHARED = (
    _draws.mix64,
    _draws.uniform,
    _draws.pick,
    _draws.further_key,
    _draws.normal_quantile,
    _draws.exponential,
    _draws.lognormal,
    _draws.gamma,
    _hpa.wanted,
    _hpa.stabilised,
    _hpa.limited,
    _moments.order,
    _sketch.bucket,
    _timeline.bin_of,
)
"""Plain functions that both engines run; here they are compiled as they stand."""

for function in SHARED:
    register_jitable(function)


# For functions that only compiled code calls.
_INNER: dict[str, Any] = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def compiled(function: F) -> F:
    """A compiled function."""
    return cast(F, numba.njit(**_INNER)(function))


def inlined(function: F) -> F:
    """A compiled function whose code is placed where it is used; for a handful of instructions."""
    return cast(F, numba.njit(forceinline=True, **_INNER)(function))


def entry(function: F) -> F:
    """A compiled function that Python calls: kept on disk, with all that it calls."""
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def drop_stale_cache() -> None:
    """Remove what was compiled from other sources.

    Numba notices when the file of a function changes, but not when a function that it calls does, in another file.
    """
    plain = {"build.py", "flatten.py", "foreseen.py", "halves.py", "state.py"}  # never compiled
    own = [source for source in sorted(_HERE.glob("*.py")) if source.name not in plain]
    sources = [*own, *sorted(_HERE.parent.glob("_*.py")), _HERE.parent / "contract.py"]
    now = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    mark = _HERE / "__pycache__" / "sources.sha256"
    with suppress(OSError):
        if not mark.is_file() or mark.read_text() != now:
            for old in (*mark.parent.glob("*.nbi"), *mark.parent.glob("*.nbc")):
                old.unlink(missing_ok=True)
            mark.parent.mkdir(exist_ok=True)
            mark.write_text(now)


drop_stale_cache()
