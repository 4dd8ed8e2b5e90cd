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
SOURCES = sorted(p for layer in LAYERS for p in (ROOT / layer).rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import in a file, wherever it stands in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively; name the module in full"
            yield node.lineno, node.module or ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_layer_imports_only_the_layers_below(path: Path) -> None:
    own = path.relative_to(ROOT)
    allowed = LAYERS[: LAYERS.index(own.parts[0]) + 1]
    for line, name in imported(path):
        top = name.partition(".")[0]
        assert top not in LAYERS or top in allowed, f"{own}:{line} imports {name}; {own.parts[0]}/ may import {allowed}"
        assert top != "tests", f"{own}:{line} imports {name}"
        for package, homes in ALONE.items():
            assert top != package or str(own).startswith(homes), f"{own}:{line} imports {package}; only {homes} may"


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
