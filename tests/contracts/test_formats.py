"""What every model format must satisfy; a new one is found by itself."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from data.datasets.contract import Task
from data.discovery import kinds
from data.errors import Unavailable
from data.schema import Feature, Schema
from strategies.packaging.formats.contract import About, Fitted, Format, NotCarried, Safety
from strategies.packaging.parity import compare, reference_answers, shortfall
from strategies.training.algorithms.contract import Algorithm

FORMATS = kinds("strategies.packaging.formats", Format)
ALGORITHMS = kinds("strategies.training.algorithms", Algorithm)
TASKS: dict[Task, tuple[str, ...]] = {
    "binary": ("on time", "late"),
    "multiclass": ("c", "a", "b"),
    "regression": ("value",),
}
SCHEMA = Schema(
    (
        Feature("number"),
        Feature("gap", nullable=True),
        # Neither sorted nor free of what XML and arrays of text must escape.
        Feature("name", "category", ("tue", 'a "b" & <c>', "mon")),
        Feature("code", "category", tuple(f"town {i}" for i in range(20))),
    )
)


def rows() -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    rng = np.random.default_rng(5)
    number, gap, name, code = (
        rng.normal(size=300),
        rng.normal(size=300),
        rng.integers(0, 3, 300),
        rng.integers(0, 20, 300),
    )
    signal = number + gap + (name == 1) - (code < 7) + rng.normal(0, 0.2, 300)
    gap[rng.random(300) < 0.1] = np.nan
    return np.stack([number, gap, name, code], axis=1).astype(np.float32), signal


X, SIGNAL = rows()


def fitted(algorithm: str, task: Task) -> Fitted:
    y = SIGNAL if task == "regression" else np.digitize(SIGNAL, [0.0] if task == "binary" else [-1.0, 1.0])
    parameters = {"trees": 12} if "trees" in ALGORITHMS[algorithm].hyperparameters.model_fields else {}
    pipeline = ALGORITHMS[algorithm](parameters).fit(SCHEMA, task, X, y, 1)
    return Fitted(pipeline, About(SCHEMA, task, "target", TASKS[task]))


USABLE = [name for name, kind in FORMATS.items() if not kind().missing()]


@pytest.mark.parametrize("name", FORMATS)
def test_it_says_what_a_reader_must_know(name: str) -> None:
    format_kind = FORMATS[name]
    assert format_kind.title
    assert format_kind.safety in get_args(Safety)
    for text in (format_kind.carries, format_kind.cannot, format_kind.readers):
        assert len(text) > 20
        assert text.endswith(".")
    missing = format_kind().missing()
    assert missing == "" or missing.endswith(".")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("algorithm", [name for name in ALGORITHMS if name not in ("neural_network", "constant")])
@pytest.mark.parametrize("name", USABLE)
def test_what_it_saves_answers_as_before_or_it_says_that_it_cannot(
    name: str, algorithm: str, task: Task, tmp_path: Path
) -> None:
    format_kind = FORMATS[name]()
    if task not in ALGORITHMS[algorithm].tasks:
        return
    if format_kind.safety != "data" and (algorithm, task) != ("random_forest", "binary"):
        return  # these carry whole Python objects, whatever their class, and one is enough
    model = fitted(algorithm, task)
    file = tmp_path / f"model{format_kind.suffix}"
    try:
        format_kind.save(model, file)
    except NotCarried:
        assert name == "pmml", "ONNX carries every algorithm here"
        assert algorithm == "hist_gradient_boosting"
        return
    predict = format_kind.load(file, model.about)
    x = X if format_kind.reads_gaps else X[~np.isnan(X).any(axis=1)]
    answers, reference = predict(x), reference_answers(model.pipeline, x, task)
    assert answers.shape == (len(x), len(model.about.outputs))
    parity = compare(reference, answers, task)
    assert shortfall(parity, reference, task) == ""


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(USABLE)))
def test_one_that_cannot_be_used_says_why_when_it_is_used_anyway(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r".{40}"):
        FORMATS[name]().load(tmp_path / "model", fitted("linear", "regression").about)
