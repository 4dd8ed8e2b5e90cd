"""What goes into an image, and when it is another one. No engine is needed to know."""

import io
import os
import re
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import InvalidFile
from strategies.containers import engine
from strategies.containers.cgroup import Cgroup
from strategies.containers.closure import closure
from strategies.containers.inside import gateway
from strategies.containers.recipe import Recipe
from strategies.containers.requirements import LOCK, SERVING, locked
from strategies.hosts.container import ContainerHost
from strategies.hosts.contract import Service
from strategies.packaging.package import ModelPackage

ROOT = Path(__file__).parents[3]
EXAMPLE_LOCK = """\
alpha==1.0
    # via drydock (pyproject.toml)
beta==2.0 ; python_full_version < '3.12'
    # via alpha
beta==2.1 ; python_full_version >= '3.12'
    # via alpha
gamma-ray==3.0
    # via
    #   beta
    #   delta
delta==4.0
    # via drydock (pyproject.toml)
"""


def service(package: ModelPackage, module: str = "strategies.serving") -> Service:
    return Service("api", module, files={"package": package.folder})


def test_requirements_follow_who_asked_for_whom(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(EXAMPLE_LOCK)
    lines = locked(["Alpha"], lock).splitlines()
    assert lines == [
        "alpha==1.0",
        "beta==2.0 ; python_full_version < '3.12'",
        "beta==2.1 ; python_full_version >= '3.12'",
        "gamma-ray==3.0",
    ]
    assert locked(["delta"], lock).splitlines() == ["delta==4.0", "gamma-ray==3.0"]
    with pytest.raises(InvalidFile, match="epsilon"):
        locked(["epsilon"], lock)


def test_the_serving_subset_is_whole_and_small() -> None:
    from importlib.metadata import requires

    from packaging.requirements import Requirement

    names = set(re.findall(r"^([a-z0-9.-]+)==", locked(SERVING), re.MULTILINE))
    assert set(SERVING) <= names
    assert not names & {"mlflow", "streamlit", "pandas", "scikit-learn", "dask"}
    assert len(names) < 0.3 * len(set(re.findall(r"^([a-z0-9._-]+)==", LOCK.read_text(), re.MULTILINE)))
    for name in names:  # independent of the lock file: what each package itself declares
        for wanted in map(Requirement, requires(name) or ()):
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                assert wanted.name.lower().replace("_", "-") in names, f"{name} needs {wanted.name}"


@pytest.mark.parametrize("module", ["strategies.serving", "strategies.streams.consumer", "strategies.batches"])
def test_the_code_of_an_image_suffices(module: str, tmp_path: Path) -> None:
    for path in closure((module, "strategies.hosts.lifeline", "strategies.containers.inside")):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    assert not (tmp_path / "strategies" / "jobs").exists()
    entry = module if (ROOT / module.replace(".", "/")).with_suffix(".py").is_file() else f"{module}.__main__"
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import {entry}, strategies.containers.inside"], cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_named_modules_and_folders_count_as_imported(tmp_path: Path) -> None:
    for name, text in {
        "strategies/__init__.py": "",
        "strategies/one.py": "def f():\n    from strategies.two import x\nNAME = 'strategies.kinds'\n",
        "strategies/two.py": "import numpy\n",
        "strategies/three.py": "",
        "strategies/kinds/__init__.py": "",
        "strategies/kinds/first.py": "import strategies.four\n",
        "strategies/four.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = {path.relative_to(tmp_path).as_posix() for path in closure(["strategies.one"], tmp_path)}
    assert found == {
        "strategies/__init__.py", "strategies/one.py", "strategies/two.py", "strategies/kinds/__init__.py",
        "strategies/kinds/first.py", "strategies/four.py",
    }  # fmt: skip
    assert closure(["timeit"], tmp_path) == []


def test_the_same_content_has_the_same_name(
    tumour_forest: ModelPackage, digits_network: ModelPackage, tmp_path: Path
) -> None:
    import shutil

    recipe = Recipe.of(service(tumour_forest), "base")
    elsewhere = shutil.copytree(tumour_forest.folder, tmp_path / "copy")
    moved = Recipe.of(service(replace(tumour_forest, folder=elsewhere)), "base")
    assert moved.tag == recipe.tag
    assert moved.context() == recipe.context()
    others = [Recipe.of(service(digits_network), "base"), Recipe.of(service(tumour_forest), "another base"),
              Recipe.of(service(tumour_forest, "strategies.batches"), "base")]  # fmt: skip
    assert len({recipe.tag, *(other.tag for other in others)}) == 4


def test_the_context_holds_what_is_needed_and_no_more(tumour_forest: ModelPackage) -> None:
    with tarfile.open(fileobj=io.BytesIO(Recipe.of(service(tumour_forest)).context())) as tar:
        entries = tar.getmembers()
    names = {entry.name for entry in entries}
    assert {"Dockerfile", ".dockerignore", "requirements/serving.txt", "code/strategies/serving/server.py",
            "files/package/manifest.json", "files/package/model.onnx"} <= names  # fmt: skip
    assert not any(part in name for name in names for part in ("tests", ".git", "dashboard", ".csv", "pyc"))
    assert all((entry.mtime, entry.uid, entry.gid) == (0, 0, 0) for entry in entries)
    assert sum(entry.size for entry in entries) < 3_000_000


def test_the_model_is_the_last_layer(tumour_forest: ModelPackage) -> None:
    lines = [line for line in Recipe.of(service(tumour_forest)).dockerfile.splitlines() if re.match("COPY|RUN", line)]
    assert [line.split()[1] for line in lines if line.startswith("COPY")] == [
        "requirements/serving.txt", "code/", "files/",
    ]  # fmt: skip
    assert lines[-1].startswith("COPY files/")


def test_control_groups_of_both_versions_are_read(tmp_path: Path) -> None:
    two, one = tmp_path / "two", tmp_path / "one"
    for path, text in {
        two / "memory.peak": "4096\n",
        two / "cpu.stat": "usage_usec 1500000\nuser_usec 1\n",
        two / "memory.events": "oom 1\noom_kill 1\n",
        two / "memory.max": "209715200\n",
        one / "memory" / "memory.max_usage_in_bytes": "8192\n",
        one / "cpuacct" / "cpuacct.usage": "2500000000\n",
        one / "memory" / "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n",
        one / "memory" / "memory.limit_in_bytes": "9223372036854771712\n",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    second, first, none = Cgroup(two), Cgroup(one), Cgroup(tmp_path / "none")
    assert (second.peak_bytes(), second.cpu_s(), second.out_of_memory()) == (4096, 1.5, True)
    assert second.limit() == "its limit of 200 MiB"
    assert (first.peak_bytes(), first.cpu_s(), first.out_of_memory()) == (8192, 2.5, False)
    assert first.limit() == "the machine's memory"
    assert (none.peak_bytes(), none.cpu_s(), none.out_of_memory()) == (0, 0.0, False)


def test_the_gateway_is_read_from_the_routes(tmp_path: Path) -> None:
    routes = tmp_path / "route"
    routes.write_text("Iface\tDestination\tGateway\neth0\t000011AC\t00000000\neth0\t00000000\t010011AC\n")
    assert gateway(routes) == "172.17.0.1"
    routes.write_text("Iface\tDestination\tGateway\n")
    assert gateway(routes) == ""


def test_without_an_engine_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(engine, "_SOCKETS", (tmp_path / "none.sock",))
    assert ContainerHost().missing().startswith("There is no Docker engine here. Install Docker Engine (https://")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert ContainerHost().missing().startswith("There is no Docker engine here.")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert re.match(r"The Docker engine does not answer \(.*\)\. Install Docker", ContainerHost().missing())
