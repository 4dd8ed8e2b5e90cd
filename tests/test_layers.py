"""The import directions of the architecture: data ← strategies ← simulators ← lessons ← dashboard."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("data", "strategies", "simulators", "lessons", "dashboard")
ALONE = {  # only files under these may import the package
    "streamlit": ("dashboard/",),
    "simpy": ("simulators/engines/simpy", "simulators/engines/_simpy"),
    "numba": ("simulators/engines/kernel", "simulators/engines/_kernel"),
}
# Simulators may use the release policies, the packages and the measurements that their profiles come from, and nothing
# of what strategies are made of.


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import in a file, wherever it stands in it; a relative one begins with a dot."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def problems_of(layer: str) -> Iterator[str]:
    allowed = LAYERS[: LAYERS.index(layer) + 1]
    for path in sorted((ROOT / layer).rglob("*.py")):
        own = path.relative_to(ROOT).as_posix()
        for line, name in imported(path):
            top = name.partition(".")[0]
            if not top:
                yield f"{own}:{line} imports relatively; name the module in full"
            if top == "tests" or (top in LAYERS and top not in allowed):
                yield f"{own}:{line} imports {name}; {layer}/ may import {allowed}"
            if not own.startswith(ALONE.get(top, own)):
                yield f"{own}:{line} imports {top}; only {ALONE[top]} may"


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_the_layers_below(layer: str) -> None:
    assert list(problems_of(layer)) == []


def test_the_value_layer_starts_without_heavy_libraries() -> None:
    code = (
        "import sys, data.trace, data.scenario, strategies.contract\n"
        "heavy = {'sklearn', 'mlflow', 'onnx', 'skl2onnx', 'dask', 'streamlit', 'numba'} & set(sys.modules)\n"
        "sys.exit(f'imported at start: {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
