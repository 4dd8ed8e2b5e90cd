"""ONNX: the model as a graph of standard operators, which many runtimes in many languages execute."""

from pathlib import Path

from strategies.packaging.formats.contract import About, Fitted, Format, NotCarried, Predict
from strategies.packaging.onnx_files import to_onnx
from strategies.packaging.runtime import OnnxPredictor


class Onnx(Format):
    title = "ONNX"
    suffix = ".onnx"
    safety = "data"
    carries = "What a model computes to predict: encoders, trees, linear models, networks, in float32."
    cannot = (
        "Be trained further, or hold estimators without a converter and code of your own. "
        "Float32 rounds where scikit-learn computes in float64."
    )
    readers = "ONNX Runtime (Python, C++, Java, C#, JavaScript in the browser, phones) and many other engines."

    def save(self, model: Fitted, path: Path) -> None:
        try:
            path.write_bytes(to_onnx(model.pipeline, len(model.about.schema), model.about.task))
        except Exception as error:  # the converter's errors have no common root
            raise NotCarried(f"skl2onnx cannot convert it: {str(error).strip().splitlines()[0][:200]}") from error

    def load(self, path: Path, about: About) -> Predict:
        return OnnxPredictor(path, len(about.outputs)).predict
