"""Compiles the simulator, or loads what was compiled before: the job behind `warming`.

``python -m dashboard.simulating.compiling`` does so without a page, so that nobody has to wait for it there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.workloads.poisson import Poisson
from simulators.plan import Exponential, one_station
from simulators.simulate import simulate


def is_compiled() -> bool:
    """Whether this version of the engine is on disk already; importing it removes what was compiled from another."""
    from simulators.engines._kernel import jit

    return any((Path(jit.__file__).parent / "__pycache__").glob("*.nbc"))


def compile_engine(
    _payload: dict[str, Any], _progress: Callable[..., None], _cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """A run of a few requests: all of the engine is compiled by its first."""
    simulate(one_station(Exponential(1.0)), Poisson(rate_rps=0.5, duration_s=200.0), seed=1)
    return {}


if __name__ == "__main__":
    if not is_compiled():
        print("Compiling the simulator, once; it takes a minute or two …", flush=True)
        compile_engine({}, lambda *_: None, lambda: False)
