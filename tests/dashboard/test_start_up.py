"""What opening the pages costs: heavy libraries wait until somebody needs them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("sklearn", "mlflow", "onnx", "onnxruntime", "skl2onnx", "skops", "dask", "numba", "nats")
OPEN_ALL = """
import sys
from dashboard.server import application
application()
from streamlit.testing.v1 import AppTest
for page in ("start", "train", "deploy", "compare"):
    test = AppTest.from_string(f'''
from data.discovery import kinds
from dashboard.views.contract import View
kinds("dashboard.views", View)["{page}"]().show()
''', default_timeout=60).run()
    assert not test.exception, test.exception
found = sorted({name.partition(".")[0] for name in sys.modules} & set(%r))
sys.exit(f"loaded: {found}" if found else 0)
"""


def test_opening_the_pages_loads_no_heavy_library(home: Path) -> None:  # noqa: ARG001
    done = subprocess.run(
        [sys.executable, "-c", OPEN_ALL % (HEAVY,)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
