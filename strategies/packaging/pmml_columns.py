"""What each column that an estimator learned from means, in terms of the features: PMML has no coded matrix."""

from dataclasses import dataclass
from typing import Any

from data.schema import Schema


class NotExpressible(Exception):
    """The PMML writer does not know this step; the message names it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the prepared matrix."""

    feature: int
    """Index of the feature that it comes from."""
    category: str | None = None
    """For a category's own column: its name; the column is 1 for it, otherwise 0."""
    offset: float = 0.0
    scale: float = 1.0
    """A number in the column is (value - offset) / scale."""
    replacement: float | None = None
    """What a missing value is replaced with, before that."""


def columns_of(pipeline: Any, schema: Schema) -> tuple[list[Column], Any]:
    """The columns and the final estimator of a pipeline that `strategies.training.encoding` prepared.

    Raises `NotExpressible` for a pipeline with other steps.
    """
    steps = dict(pipeline.steps) if hasattr(pipeline, "steps") else {"model": pipeline}
    model, prepare = steps.pop("model", None), steps.pop("prepare", None)
    if model is None or steps:
        raise NotExpressible(f"steps {', '.join(steps) or 'without a model'}")
    if prepare is None:
        return [Column(i) for i in range(len(schema))], model
    found: list[Column] = []
    for name, transformer, indices in prepare.transformers_:
        if name in ("number", "gap"):
            found += _numbers(transformer, list(indices))
        elif name == "code":
            found += [Column(i) for i in indices]
        elif name == "name":
            found += [Column(i, category) for i in indices for category in schema.features[i].categories]
        else:
            raise NotExpressible(f"preparation {name}")
    return found, model


def _numbers(transformer: Any, indices: list[int]) -> list[Column]:
    """Columns of numbers that were imputed with a constant, scaled, both or neither."""
    columns = [Column(i) for i in indices]
    for step in [step for _, step in transformer.steps] if hasattr(transformer, "steps") else []:
        kind = type(step).__name__
        if kind == "SimpleImputer":
            columns = [
                Column(c.feature, replacement=float(value)) for c, value in zip(columns, step.statistics_, strict=True)
            ]
        elif kind == "StandardScaler":
            columns = [
                Column(c.feature, None, float(mean), float(scale), c.replacement)
                for c, mean, scale in zip(columns, step.mean_, step.scale_, strict=True)
            ]
        else:
            raise NotExpressible(f"{kind} of a number")
    return columns
