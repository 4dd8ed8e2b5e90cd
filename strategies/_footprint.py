"""How much memory a process gains by embedding a model, measured in a fresh one.

The measuring process cannot tell: it may have loaded the runtime before, and reuses memory that an earlier model left.
``python -m strategies._footprint FOLDER`` prints the gain in bytes.
"""

import os
import subprocess
import sys
from pathlib import Path

from data.errors import DrydockError
from strategies.packaging.package import ModelPackage

_ROOT = Path(__file__).parents[1]
_TIMEOUT_S = 120.0


class FootprintUnknown(DrydockError):
    """A fresh process could not load the model and answer with it."""


def footprint_bytes(package: ModelPackage) -> int:
    """Resident bytes gained by loading the package, with the runtime that executes it, and a first prediction."""
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-P", "-m", __name__, str(package.folder)],
        env={**os.environ, "PYTHONPATH": paths}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=_TIMEOUT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise FootprintUnknown(f"A fresh process could not load the model:\n{done.stderr.strip()[-2000:]}")
    return int(done.stdout)


def _measured(folder: Path) -> int:
    import numpy as np
    import psutil

    from strategies.packaging.runtime import load_predictor

    package = ModelPackage.open(folder)
    row = np.zeros((1, len(package.manifest.schema)), np.float32)
    process = psutil.Process()
    before_bytes = process.memory_info().rss
    load_predictor(package).predict(row)
    return max(int(process.memory_info().rss) - int(before_bytes), 0)


if __name__ == "__main__":
    print(_measured(Path(sys.argv[1])))
