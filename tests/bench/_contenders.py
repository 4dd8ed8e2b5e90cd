"""An environment of their own for the servers we are compared with, and a way to start them in it.

As a module, ``python -m tests.bench._contenders bentoml|litserve --model FILE --port N`` runs one of them; the process
host starts it like any service, so that it ends with the benchmark.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from strategies.hosts.lifeline import kill_descendants

FOLDER = Path(__file__).parent
HOME = FOLDER.parents[1] / "build" / "contenders"
REQUIREMENTS = FOLDER / "_contenders.txt"


def environment() -> Path:
    """The environment's folder, made on first use, and anew when the requirements have changed."""
    stamp = HOME / "requirements.txt"
    if stamp.is_file() and stamp.read_bytes() == REQUIREMENTS.read_bytes():
        return HOME
    shutil.rmtree(HOME, ignore_errors=True)
    print(f"Installing BentoML and LitServe into {HOME.relative_to(HOME.parents[1])} …", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
    python = HOME / "bin" / "python"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    pip = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    subprocess.run([*pip, "--quiet", "-r", REQUIREMENTS], check=True)
    shutil.copyfile(REQUIREMENTS, stamp)
    return HOME


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("which", choices=("bentoml", "litserve"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", required=True)
    chosen = parser.parse_args()
    binaries = environment() / "bin"
    python = str(binaries / "python")
    if chosen.which == "litserve":
        command = [python, str(FOLDER / "_litserve_server.py"), chosen.port]
    else:
        serve = ["serve", "_bentoml_server:Forest", "--host", "127.0.0.1", "--port", chosen.port]
        command = [python, "-m", "bentoml", *serve, "--working-dir", str(FOLDER)]
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    quiet = {"MODEL": chosen.model, "BENTOML_DO_NOT_TRACK": "True", "LITSERVE_TELEMETRY": "0"}
    return _run_to_the_end(command, kept | quiet)


def _run_to_the_end(command: list[str], environment: dict[str, str]) -> int:
    """Run a command; when told to stop, end it with all that it started. BentoML's workers leave its session."""
    with subprocess.Popen(command, env=environment) as process:

        def stop(*_: object) -> None:
            kill_descendants(os.getpid())

        signal.signal(signal.SIGTERM, stop)
        return process.wait()


if __name__ == "__main__":
    sys.exit(main())
