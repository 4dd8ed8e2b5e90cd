"""From the coded matrix that every model receives to the one that an algorithm learns from."""

from typing import Any

import numpy as np

from data.schema import Schema

_MISSING = -1.0


def preparation(schema: Schema, *, one_hot_up_to: int | None, impute: bool, scale: bool) -> Any | None:
    """An unfitted transformer of the coded float32 matrix, or None where the algorithm can read it as it is.

    Parameters
    ----------
    one_hot_up_to
        A category with at most so many names becomes one column per name, and a larger one stays a code; None makes
        columns of all.
    impute
        Put the median where a number that may be missing is missing; otherwise the algorithm reads NaN itself.
    scale
        Bring numbers to mean 0 and variance 1.

    A missing or unknown category is none of the names: all its columns are 0, and as a code it is -1. It is made -1
    before anything else looks at it, as what NaN turns into when taken for an integer differs between processors.
    """
    from sklearn.compose import ColumnTransformer

    steps: list[tuple[str, Any, list[int]]] = []
    for name, columns, transformer in (
        ("number", _numbers(schema, nullable=False), _number(impute=False, scale=scale)),
        ("gap", _numbers(schema, nullable=True), _number(impute=impute, scale=scale)),
        ("code", _categories(schema, one_hot_up_to, wide=True), _code()),
        ("name", _categories(schema, one_hot_up_to, wide=False), _one_hot(schema, one_hot_up_to)),
    ):
        if columns:
            steps.append((name, transformer, columns))
    if all(transformer == "passthrough" for _, transformer, _ in steps):
        return None
    return ColumnTransformer(steps)


def _numbers(schema: Schema, *, nullable: bool) -> list[int]:
    return [i for i, f in enumerate(schema.features) if f.kind == "number" and f.nullable == nullable]


def _categories(schema: Schema, one_hot_up_to: int | None, *, wide: bool) -> list[int]:
    limit = np.inf if one_hot_up_to is None else one_hot_up_to
    return [i for i, f in enumerate(schema.features) if f.kind == "category" and (len(f.categories) > limit) == wide]


def _number(*, impute: bool, scale: bool) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # keep_empty_features: a column with no value in the training rows stays a column, so that widths agree.
    steps = [SimpleImputer(strategy="median", keep_empty_features=True)] if impute else []
    steps += [StandardScaler()] if scale else []
    return make_pipeline(*steps) if steps else "passthrough"


def _code() -> Any:
    from sklearn.impute import SimpleImputer

    return SimpleImputer(strategy="constant", fill_value=_MISSING, keep_empty_features=True)


def _one_hot(schema: Schema, one_hot_up_to: int | None) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    columns = _categories(schema, one_hot_up_to, wide=False)
    codes = [np.arange(len(schema.features[i].categories), dtype=np.float32) for i in columns]
    encoder = OneHotEncoder(categories=codes, handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    return make_pipeline(_code(), encoder)
