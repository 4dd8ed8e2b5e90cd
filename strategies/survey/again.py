"""The same model under another version: what an update ships when nothing but the update is to be seen."""

import shutil
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

from strategies.packaging.build import place
from strategies.packaging.package import MANIFEST, ModelPackage, sha256

_REMARK = "drydock.published"


def published_again(package: ModelPackage, folder_root: Path) -> ModelPackage:
    """A package under `folder_root` that answers exactly as `package` does, with a remark in the file that is served.

    A version is the hash of that file, so the remark makes another one of it. The manifest's notes say of which.
    """
    folder_root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder_root) as scratch:
        draft = Path(scratch) / "package"
        shutil.copytree(package.folder, draft, ignore=shutil.ignore_patterns(MANIFEST))
        served = draft / package.served_file.name
        _remark(served, f"after {package.version}")
        digest = sha256(served)
        manifest = replace(
            package.manifest,
            version=digest[:12],
            files={**package.manifest.files, served.name: digest},
            notes=(*package.manifest.notes, f"The same model as {package.version}, published again."),
        )
        return place(draft, folder_root, manifest)


def _remark(file: Path, text: str) -> None:
    if file.suffix == ".onnx":
        import onnx

        model = onnx.load(str(file))
        onnx.helper.set_model_props(model, {_REMARK: text})
        onnx.save(model, str(file))
    else:  # skops is a zip archive, which has room for a comment
        with zipfile.ZipFile(file, "a") as archive:
            archive.comment = text.encode()
