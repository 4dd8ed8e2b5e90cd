"""PMML: linear models and trees as XML that names features and categories, for scoring engines."""

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import Unavailable
from strategies.packaging.formats.contract import About, Fitted, Format, NotCarried, Predict
from strategies.packaging.pmml_columns import NotExpressible
from strategies.packaging.pmml_files import to_pmml

_GET = "install sklearn-pmml-model, which reads it without Java"


class Pmml(Format):
    title = "PMML"
    suffix = ".pmml"
    safety = "data"
    carries = (
        "Linear and logistic models, trees and forests, in plain XML with the features' and categories' own names and "
        "what replaces a missing value."
    )
    cannot = (
        "From here: gradient boosting and networks. In general: anything the standard of 2019 has no element for, and "
        "large forests without becoming very large."
    )
    readers = "Scoring engines of the JVM (JPMML), databases, SAS and SPSS; Python through sklearn-pmml-model."
    reads_gaps = False  # the file says what replaces a gap; the reader used here does not look

    def missing(self) -> str:
        return "" if find_spec("sklearn_pmml_model") else f"PMML cannot be read back here: {_GET}."

    def save(self, model: Fitted, path: Path) -> None:
        about = model.about
        try:
            text = to_pmml(model.pipeline, about.schema, about.task, about.target, about.outputs)
        except NotExpressible as error:
            raise NotCarried(f"our PMML writer does not know {error}") from None
        path.write_text(text, encoding="utf-8")

    def load(self, path: Path, about: About) -> Predict:
        if self.missing():
            raise Unavailable("PMML cannot be read here", _GET)
        import pandas as pd
        from sklearn_pmml_model.auto_detect import auto_detect_estimator

        model = auto_detect_estimator(str(path))
        answer = model.predict if about.task == "regression" else model.predict_proba

        def predict(x: NDArray[np.float32]) -> NDArray[Any]:
            frame = pd.DataFrame([about.schema.decode(row) for row in x], columns=list(about.schema.names))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # the reader makes its encoders without feature names
                return np.asarray(answer(frame), dtype=np.float64).reshape(len(x), -1)

        return predict
