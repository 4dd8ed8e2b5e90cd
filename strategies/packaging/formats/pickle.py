"""pickle: Python's own way to save an object, and a program that is run to load it."""

import pickle
from pathlib import Path

from strategies.packaging.formats.contract import About, Fitted, Format, Predict, predictor_of


class Pickle(Format):
    title = "pickle"
    suffix = ".pkl"
    safety = "code"
    carries = "Any Python object that names importable classes: every scikit-learn pipeline, whole."
    cannot = (
        "Cross versions: it must be loaded with the scikit-learn, NumPy and Python that wrote it, or nearly. "
        "Be loaded from a stranger: a pickle is a program, and loading runs it."
    )
    readers = "Python, with every library that the model is made of."

    def save(self, model: Fitted, path: Path) -> None:
        path.write_bytes(pickle.dumps(model.pipeline, protocol=pickle.HIGHEST_PROTOCOL))

    def load(self, path: Path, about: About) -> Predict:
        return predictor_of(pickle.loads(path.read_bytes()), about.task)
