"""A server with a signing key serves what was signed with it, from its start and at every change, and nothing else."""

import json
import shutil
from pathlib import Path

import pytest

from data.errors import InvalidValue
from strategies.hosts.contract import StartFailed
from strategies.packaging.package import MANIFEST, ModelPackage
from strategies.packaging.signing import SIGNATURE, check_signature, sign
from tests.strategies.serving.conftest import Serve

KEY, OTHER = "a key of the pipeline", "a key of somebody else"


@pytest.fixture
def signed(tumour_forest: ModelPackage, tmp_path: Path) -> ModelPackage:
    folder = tmp_path / "signed"
    shutil.copytree(tumour_forest.folder, folder)
    package = ModelPackage.open(folder)
    sign(package, KEY)
    return package


def edited(package: ModelPackage, folder: Path) -> Path:
    """The same files under a manifest that says something else."""
    shutil.copytree(package.folder, folder)
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"threshold": 1.0}))
    ModelPackage.open(folder)  # its hashes fit
    return folder


def test_a_signature_fits_one_manifest_and_one_key(signed: ModelPackage, tmp_path: Path) -> None:
    check_signature(signed.folder, KEY)
    with pytest.raises(InvalidValue, match="not of this manifest and key"):
        check_signature(signed.folder, OTHER)
    with pytest.raises(InvalidValue, match="not of this manifest and key"):
        check_signature(edited(signed, tmp_path / "edited"), KEY)
    for broken in (b"", b"\xff" * 64, b"0" * 64):
        (signed.folder / SIGNATURE).write_bytes(broken)
        with pytest.raises(InvalidValue, match="not of this manifest and key"):
            check_signature(signed.folder, KEY)
    (signed.folder / SIGNATURE).unlink()
    with pytest.raises(InvalidValue, match="is not signed"):
        check_signature(signed.folder, KEY)


def test_a_short_key_is_refused(signed: ModelPackage) -> None:
    with pytest.raises(InvalidValue, match="must have 16 or more"):
        sign(signed, "short")


def test_a_server_takes_only_what_was_signed(serve: Serve, signed: ModelPackage, tmp_path: Path) -> None:
    foreign = edited(signed, tmp_path / "foreign")
    with serve(signed, environment={"DRYDOCK_SIGNING_KEY": KEY}) as server:
        headers = {"authorization": "Bearer harbour"}
        asked = {"folder": str(foreign), "version": signed.version}
        refused = server.post("/admin/versions", asked, headers=headers)
        assert refused.status_code == 409
        assert "not of this manifest and key" in refused.json()["detail"]
        assert server.post("/predict", {"record": server.record}).status_code == 200
        sign(ModelPackage.open(foreign), KEY)
        assert server.post("/admin/versions", asked, headers=headers).status_code == 200


def test_a_server_does_not_start_on_what_is_not_signed(serve: Serve, tumour_forest: ModelPackage) -> None:
    with (
        pytest.raises(StartFailed, match="is not signed"),
        serve(tumour_forest, environment={"DRYDOCK_SIGNING_KEY": KEY}),
    ):
        pass
