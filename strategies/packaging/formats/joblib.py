"""joblib: a pickle whose arrays are written apart, which can be compressed or mapped into memory."""

from pathlib import Path

from strategies.packaging.formats.contract import About, Fitted, Format, Predict, predictor_of

_COMPRESSION = 3


class Joblib(Format):
    title = "joblib"
    suffix = ".joblib"
    safety = "code"
    carries = "What pickle carries, with large arrays compressed, or mapped into memory when they are not."
    cannot = "What pickle cannot: cross versions, or be loaded from a stranger."
    readers = "Python, with joblib and every library that the model is made of."

    def save(self, model: Fitted, path: Path) -> None:
        import joblib

        joblib.dump(model.pipeline, path, compress=_COMPRESSION)

    def load(self, path: Path, about: About) -> Predict:
        import joblib

        return predictor_of(joblib.load(path), about.task)
