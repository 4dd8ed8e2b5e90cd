"""Linear models, trees and forests as PMML 4.4, the XML that scoring engines of banks and insurers read.

The file speaks of the features by name and of categories by their names, with the replacement of missing values: the
encoders are part of it, and whoever scores sends records. Written here because no maintained library writes it without
Java: nyoka (last released in 2023) knows no ColumnTransformer, and sklearn2pmml calls a Java program that refuses
releases of scikit-learn newer than itself.

Source: PMML 4.4 specification, https://dmg.org/pmml/v4-4-1/GeneralStructure.html
"""

from collections.abc import Iterator
from typing import Any

from data.datasets.contract import Task
from data.schema import Schema
from strategies.packaging.pmml_columns import Column, columns_of
from strategies.packaging.pmml_models import Shape, model_lines, tag


def to_pmml(pipeline: Any, schema: Schema, task: Task, target: str, outputs: tuple[str, ...]) -> str:
    """The PMML document of a fitted pipeline; raises `NotExpressible` for what this writer does not know.

    `outputs` are the class names in the order of their codes, or the target's name for a regression.
    """
    columns, model = columns_of(pipeline, schema)
    classes = () if task == "regression" else outputs
    mining = ("<MiningSchema>", *_mining_fields(columns, schema, target), "</MiningSchema>")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4">',
        '<Header description="Written by Drydock"/>',
        tag("DataDictionary", numberOfFields=len(schema) + 1),
        # The order of a feature's categories means nothing; some readers take them as sorted, whatever the file says.
        *(line for feature in schema.features for line in _field(feature.name, tuple(sorted(feature.categories)))),
        *_field(target, classes),
        "</DataDictionary>",
        *model_lines(model, Shape(tuple(columns), schema, classes, mining)),
        "</PMML>",
    ]
    return "\n".join(lines) + "\n"  # in lines, since readers look for the kind of model in each


def _field(name: str, categories: tuple[str, ...]) -> Iterator[str]:
    if not categories:
        yield tag("DataField", name=name, optype="continuous", dataType="double", closed=True)
        return
    yield tag("DataField", name=name, optype="categorical", dataType="string")
    yield from (tag("Value", value=category, closed=True) for category in categories)
    yield "</DataField>"


def _mining_fields(columns: list[Column], schema: Schema, target: str) -> Iterator[str]:
    replacement = {column.feature: column.replacement for column in columns}
    for i, feature in enumerate(schema.features):
        yield tag(
            "MiningField",
            name=feature.name,
            missingValueReplacement=replacement.get(i),
            missingValueTreatment=None if replacement.get(i) is None else "asMedian",
            invalidValueTreatment="asMissing" if feature.kind == "category" else None,
            closed=True,
        )
    yield tag("MiningField", name=target, usageType="target", closed=True)
