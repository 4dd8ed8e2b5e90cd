"""What users of a release ask: rows that the model has not learned from, with their true answers."""

import numpy as np
from numpy.typing import NDArray

from strategies.packaging.package import ModelPackage

MAX_ROWS = 2_000


def held_out(
    package: ModelPackage, limit: int = MAX_ROWS
) -> tuple[NDArray[np.float32], tuple[str | float, ...] | None]:
    """At most `limit` test rows (rows, features) and the class of each.

    The truth is None for a regression, whose answers are never quite right, and for a model that was not trained here,
    of which nothing but its example is known.
    """
    from data.catalogue import find_dataset
    from strategies.live.snippets import example_record
    from strategies.training.report import Report
    from strategies.training.spec import TrainingSpec
    from strategies.training.train import prepare

    report = Report.of(package)
    if report is None:
        return package.manifest.schema.encode_record(example_record(package.manifest))[None, :], None
    spec = TrainingSpec.read(report.spec)
    prepared = prepare(spec, find_dataset(spec.data))
    test = prepared.split.test
    if len(test) > limit:
        test = np.sort(np.random.default_rng(0).choice(test, limit, replace=False))
    if prepared.target.task == "regression":
        return prepared.X[test], None
    return prepared.X[test], tuple(prepared.outputs[int(code)] for code in prepared.y[test])
