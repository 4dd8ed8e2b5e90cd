"""skops: scikit-learn models as a zip of JSON and arrays, whose types are listed before any is made."""

from pathlib import Path

from strategies.packaging.formats.contract import About, Fitted, Format, Predict, predictor_of
from strategies.packaging.skops_files import load_skops, save_skops


class Skops(Format):
    title = "skops"
    suffix = ".skops"
    safety = "checked"
    carries = "scikit-learn estimators and pipelines, whole."
    cannot = (
        "Cross scikit-learn versions, or hold classes and functions of your own unless the reader trusts them by name. "
        "Trees from a stranger are refused: scikit-learn follows the indices in them unchecked."
    )
    readers = "Python, with skops and scikit-learn."

    def save(self, model: Fitted, path: Path) -> None:
        save_skops(model.pipeline, path)

    def load(self, path: Path, about: About) -> Predict:
        return predictor_of(load_skops(path), about.task)
