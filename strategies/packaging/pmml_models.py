"""The elements of PMML that hold a linear model, a tree or a forest."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from data.schema import Schema
from strategies.packaging.pmml_columns import Column, NotExpressible

_NONE = -1


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model reads and answers."""

    columns: tuple[Column, ...]
    """What each column that the estimator reads means."""
    schema: Schema
    classes: tuple[str, ...]
    """Class names by code; empty for a regression."""
    mining: tuple[str, ...]
    """The lines of the mining schema, which each model element repeats."""

    @property
    def function(self) -> str:
        return "classification" if self.classes else "regression"

    @property
    def head(self) -> Iterator[str]:
        """What the outermost model element begins with: the mining schema, and the probabilities as outputs."""
        yield from self.mining
        if not self.classes:
            return
        yield "<Output>"
        for name in self.classes:
            yield tag(
                "OutputField",
                name=f"probability({name})",
                optype="continuous",
                dataType="double",
                feature="probability",
                value=name,
                closed=True,
            )
        yield "</Output>"

    def name(self, column: Column) -> str:
        return self.schema.features[column.feature].name


def model_lines(model: Any, shape: Shape) -> Iterator[str]:
    """The element of a fitted estimator; raises `NotExpressible` for one that this writer does not know."""
    kind = type(model).__name__
    if kind in ("LogisticRegression", "Ridge"):
        return _regression(model, shape)
    if kind in ("DecisionTreeClassifier", "DecisionTreeRegressor"):
        return _forest([model], shape)
    if kind in ("RandomForestClassifier", "RandomForestRegressor"):
        return _forest(model.estimators_, shape)
    raise NotExpressible(kind)


def tag(name: str, /, *, closed: bool = False, **attributes: object) -> str:
    """An element's opening tag, or the whole of an empty one; an attribute that is None is left out."""
    text = "".join(f" {key}={quoteattr(_text(value))}" for key, value in attributes.items() if value is not None)
    return f"<{name}{text}{'/' if closed else ''}>"


def _text(value: object) -> str:
    return repr(float(value)) if isinstance(value, float | np.floating) else str(value)


# -- linear ------------------------------------------------------------------------------------------------------------


def _regression(model: Any, shape: Shape) -> Iterator[str]:
    """One table of weights per class (of two, the first's being 0), or one for the value."""
    weights, intercepts = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    categories: tuple[str | None, ...] = shape.classes or (None,)
    if len(shape.classes) == 2:
        categories = shape.classes[1:]
    norm = {0: None, 2: "logit"}.get(len(shape.classes), "softmax")
    yield tag("RegressionModel", functionName=shape.function, normalizationMethod=norm)
    yield from shape.head
    for row, intercept, category in zip(weights, intercepts, categories, strict=True):
        yield from _table(row, float(intercept), shape, category)
    if len(shape.classes) == 2:
        yield tag("RegressionTable", intercept=0.0, targetCategory=shape.classes[0], closed=True)
    yield "</RegressionModel>"


def _table(weights: NDArray[np.float64], intercept: float, shape: Shape, category: str | None) -> Iterator[str]:
    """The weights w of scaled columns as coefficients of the values: w (x - m) / s = (w / s) x - w m / s."""
    pairs = list(zip(shape.columns, (float(w) for w in weights), strict=True))
    intercept -= sum(w * c.offset / c.scale for c, w in pairs if c.category is None)
    yield tag("RegressionTable", intercept=intercept, targetCategory=category)
    for column, weight in pairs:
        if column.category is None:
            yield tag("NumericPredictor", name=shape.name(column), coefficient=weight / column.scale, closed=True)
    for column, weight in pairs:  # after the numbers, as the schema of PMML demands
        if column.category is not None:
            yield tag(
                "CategoricalPredictor",
                name=shape.name(column),
                value=column.category,
                coefficient=weight,
                closed=True,
            )
    yield "</RegressionTable>"


# -- trees -------------------------------------------------------------------------------------------------------------


def _forest(trees: Sequence[Any], shape: Shape) -> Iterator[str]:
    """The mean of the trees' values or class shares."""
    yield tag("MiningModel", functionName=shape.function)
    yield from shape.head
    yield tag("Segmentation", multipleModelMethod="average")
    for i, tree in enumerate(trees):
        yield tag("Segment", id=i)
        yield "<True/>"
        yield from _tree(tree, shape)
        yield "</Segment>"
    yield "</Segmentation>"
    yield "</MiningModel>"


def _tree(model: Any, shape: Shape) -> Iterator[str]:
    yield tag(
        "TreeModel",
        functionName=shape.function,
        missingValueStrategy="defaultChild",
        splitCharacteristic="binarySplit",
    )
    yield from shape.mining
    yield from _node(model.tree_, 0, "<True/>", shape)
    yield "</TreeModel>"


def _node(tree: Any, i: int, predicate: str, shape: Shape) -> Iterator[str]:
    left, right = int(tree.children_left[i]), int(tree.children_right[i])
    values = tree.value[i][0]
    score = shape.classes[int(values.argmax())] if shape.classes else float(values[0])
    # A missing category is coded -1, or as no column being 1: either way it goes left.
    default = None if left == _NONE else left
    yield tag("Node", id=i, score=score, recordCount=1.0 if shape.classes else None, defaultChild=default)
    yield predicate
    if left == _NONE:
        # Shares rather than counts: some readers take the mean over the trees without dividing by the rows first.
        for name, share in zip(shape.classes, values, strict=False):
            yield tag("ScoreDistribution", value=name, recordCount=float(share), closed=True)
    else:
        goes_left, goes_right = _split(shape.columns[tree.feature[i]], float(tree.threshold[i]), shape)
        yield from _node(tree, left, goes_left, shape)
        yield from _node(tree, right, goes_right, shape)
    yield "</Node>"


def _split(column: Column, threshold: float, shape: Shape) -> tuple[str, str]:
    """What the rows that go left, and those that go right, satisfy."""
    name, feature = shape.name(column), shape.schema.features[column.feature]
    if column.category is not None:  # the category's own column, 0 or 1
        only = (column.category,)
        return _among(name, only, "isNotIn"), _among(name, only)
    if feature.kind == "category":
        first_right = math.floor(threshold) + 1
        return _among(name, feature.categories[:first_right]), _among(name, feature.categories[first_right:])
    value = threshold * column.scale + column.offset
    return _simple(name, "lessOrEqual", value), _simple(name, "greaterThan", value)


def _simple(name: str, operator: str, value: float) -> str:
    return tag("SimplePredicate", field=name, operator=operator, value=value, closed=True)


def _among(name: str, categories: tuple[str, ...], operator: str = "isIn") -> str:
    quoted = " ".join('"{}"'.format(category.replace('"', '\\"')) for category in categories)
    array = f'<Array type="string" n="{len(categories)}">{escape(quoted)}</Array>'
    return f"{tag('SimpleSetPredicate', field=name, booleanOperator=operator)}{array}</SimpleSetPredicate>"
