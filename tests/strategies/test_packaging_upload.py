"""A user's own model: what is safe and fits is served, a pickle is never loaded, and every refusal says why."""

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.schema import Feature, Schema
from strategies.packaging import upload as upload_module
from strategies.packaging.onnx_files import to_onnx
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.packaging.sniffing import sniff
from strategies.packaging.upload import Upload, package_upload

SCHEMA = Schema((Feature("a"), Feature("b"), Feature("c")))
X: NDArray[np.float32] = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
Y = (X[:, 0] > X[:, 1]).astype(np.intp)
UPLOAD = Upload("mine", SCHEMA, "binary", "y", ("no", "yes"), X)


def logistic() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)


def upload(file: Path, root: Path, what: Upload = UPLOAD) -> ModelPackage:
    return package_upload(file, file.name, what, root)


# -- what is accepted --------------------------------------------------------------------------------------------------


def test_an_onnx_model_is_served_as_it_was_sent(tmp_path: Path) -> None:
    model = logistic()
    file = tmp_path / "mine.onnx"
    file.write_bytes(to_onnx(model, 3, "binary"))
    package = upload(file, tmp_path / "packages")
    assert package.served_file.read_bytes() == file.read_bytes()
    assert load_predictor(ModelPackage.open(package.folder)).predict(X) == pytest.approx(
        model.predict_proba(X), abs=1e-6
    )
    assert package.manifest.algorithm == "uploaded"
    assert package.manifest.parity is None
    assert "Uploaded as ONNX" in package.manifest.notes[0]


def test_an_onnx_model_with_labels_beside_its_probabilities_is_served(tmp_path: Path) -> None:
    from skl2onnx import to_onnx as plain

    model = logistic()
    file = tmp_path / "mine.onnx"
    file.write_bytes(plain(model, X[:1], options={id(model): {"zipmap": False}}).SerializeToString())
    package = upload(file, tmp_path / "packages")
    assert load_predictor(package).predict(X) == pytest.approx(model.predict_proba(X), abs=1e-6)


def test_a_skops_model_is_packaged_with_parity(tmp_path: Path) -> None:
    model = logistic()
    file = tmp_path / "mine.skops"
    skops.io.dump(model, file)
    package = upload(file, tmp_path / "packages")
    assert package.manifest.format == "onnx"
    assert package.manifest.parity is not None
    assert load_predictor(package).predict(X) == pytest.approx(model.predict_proba(X), abs=1e-6)


# -- pickles -----------------------------------------------------------------------------------------------------------


class Malicious:
    """Its pickle makes a file where it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


def as_zip(name: str, schema: str = "schema.json") -> Callable[[bytes], bytes]:
    def zipped(content: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(schema, "{}")
            archive.writestr(name, content)
        return out.getvalue()

    return zipped


def by_joblib(**options: Any) -> Callable[[bytes], bytes]:
    def dumped(content: bytes) -> bytes:
        out = io.BytesIO()
        joblib.dump(_Bytes(content), out, **options)
        return out.getvalue()

    return dumped


class _Bytes:
    """Pickles as whatever the pickle in it would load as."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __reduce__(self) -> tuple[Any, ...]:
        return pickle.loads, (self.content,)


GUISES: dict[str, Callable[[bytes], bytes]] = {
    "bare": bytes,
    "joblib": by_joblib(),
    "joblib zlib": by_joblib(compress=3),
    "joblib gzip": by_joblib(compress=("gzip", 3)),
    "joblib bz2": by_joblib(compress=("bz2", 3)),
    "joblib xz": by_joblib(compress=("xz", 3)),
    "joblib lzma": by_joblib(compress=("lzma", 3)),
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zlib": zlib.compress,
    "zip": as_zip("model.bin"),
    "PyTorch's zip": as_zip("archive/data.pkl"),
    "a pickle in skops": as_zip("array.npy"),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("guise", GUISES)
def test_a_malicious_pickle_is_refused_and_never_loaded(tmp_path: Path, guise: str, protocol: int) -> None:
    marker = tmp_path / "the pickle ran"
    file = tmp_path / ("model.pkl", "model.onnx", "model.skops")[protocol % 3]
    file.write_bytes(GUISES[guise](pickle.dumps(Malicious(marker), protocol)))
    with pytest.raises(InvalidValue, match=r"is .*pickle.*was not loaded: export it as ONNX .* or, .*skops"):
        upload(file, tmp_path / "packages")
    assert not marker.exists()
    assert not (tmp_path / "packages").exists()


def test_the_malicious_pickle_would_run_if_it_were_loaded(tmp_path: Path) -> None:
    marker = tmp_path / "the pickle ran"
    pickle.loads(pickle.dumps(Malicious(marker)))
    assert marker.exists(), "otherwise the tests above prove nothing"


def test_numpy_files_of_objects_are_pickles(tmp_path: Path) -> None:
    file = tmp_path / "weights.npy"
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert sniff(file).kind == "pickle"
    np.savez(tmp_path / "weights.npz", w=np.array([{"a": 1}], dtype=object))
    assert sniff(tmp_path / "weights.npz").kind == "pickle"


def test_a_skops_type_that_nobody_vouches_for_is_listed_and_not_made(tmp_path: Path) -> None:
    from sklearn.ensemble import RandomForestClassifier

    file = tmp_path / "forest.skops"
    skops.io.dump(RandomForestClassifier(3).fit(X, Y), file)
    with pytest.raises(InvalidValue, match=r"not vouched for \(sklearn\.tree\._tree\.Tree\).*not loaded: export the m"):
        upload(file, tmp_path / "packages")


def test_a_skops_function_of_the_users_is_listed_and_not_called(tmp_path: Path) -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    file = tmp_path / "mine.skops"
    skops.io.dump(make_pipeline(FunctionTransformer(by_joblib), logistic()), file)
    with pytest.raises(InvalidValue, match=r"by_joblib\), so it was not loaded"):
        upload(file, tmp_path / "packages")


# -- other files -------------------------------------------------------------------------------------------------------


def a_tar(content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("model")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no file format that a model is sent in"),
        (b"\x08", "no file format"),
        (b"\x08\x07 and then nonsense \xff\xff", "is no ONNX model"),
        (b"\x08\x0a", "no file format"),
        (b"\x08\x0a\x12\x01x", "is no ONNX model: it has no operators"),
        (b"a,b,c\n1,2,3\n", "no file format"),
        (b"carrier,origin\nAA,JFK\nUA,EWR\n", "no file format"),
        (b"# Notes\nnothing here\n", "no file format"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
        (a_tar(b"x" * 100), "no file format"),
        (as_zip("readme.txt", "other.json")(b"hello"), "without a skops schema"),
        (as_zip("readme.txt")(b"hello"), "no readable skops file"),
        (b"PK\x03\x04 and then nonsense", "no file format"),
    ],
)
def test_what_is_no_model_says_what_it_is(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(InvalidValue, match=says):
        upload(file, tmp_path / "packages")


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any"
    file.write_bytes(content)
    with pytest.raises(InvalidValue):
        upload(file, file.parent / "none")


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_module, "MAX_UPLOAD_BYTES", 100)
    file = tmp_path / "model.onnx"
    file.write_bytes(bytes(101))
    with pytest.raises(InvalidValue, match="larger than an upload may be"):
        upload(file, tmp_path / "packages")


@pytest.mark.parametrize(
    ("make", "what", "says"),
    [
        (lambda: logistic()[0], UPLOAD, "holds a StandardScaler, which has no predict_proba"),
        (
            lambda: logistic().fit(X[:, :2], Y),
            UPLOAD,
            "cannot answer rows of 3 columns .*features",
        ),
        (
            logistic,
            Upload("mine", SCHEMA, "multiclass", "y", ("a", "b", "c"), X),
            r"answered 64 rows with shape \(64, 2\), not \(64, 3\)",
        ),
    ],
)
def test_a_skops_model_that_does_not_fit_says_why(
    tmp_path: Path, make: Callable[[], Any], what: Upload, says: str
) -> None:
    file = tmp_path / "mine.skops"
    skops.io.dump(make(), file)
    with pytest.raises(InvalidValue, match=says):
        upload(file, tmp_path / "packages", what)
