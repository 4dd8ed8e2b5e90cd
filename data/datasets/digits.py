"""Which digit a handwritten 8 by 8 image shows."""

import pandera.pandas as pa

from data.datasets._shipped import Shipped
from data.datasets.contract import Target
from data.schema import Feature, Schema

SIDE = 8
"""Pixels along each side of an image."""


class Digits(Shipped):
    title = "Handwritten digits"
    description = (
        "A row is one handwritten digit, scanned and reduced to 8 by 8 pixels of 17 shades of grey. A sorting office "
        "reads postcodes by it, and sends what it is not sure of to a person: ten classes, 1,797 images, 64 features."
    )
    source = (
        "E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits (its test set), UCI Machine "
        "Learning Repository, https://doi.org/10.24432/C50P49, as scikit-learn ships it"
    )
    licence = "CC BY 4.0"
    content_hash = "2f8abddff7ee8a90277a5884ae17cdb5a26ada2f253c3bd9d062fafd7355230a"
    schema = Schema(
        tuple(
            Feature(f"pixel_{row}_{column}", description=f"Ink in row {row}, column {column}, from 0 to 16")
            for row in range(SIDE)
            for column in range(SIDE)
        )
    )
    targets = (
        Target(
            "digit", "multiclass", "The digit that the image shows", classes=tuple(str(digit) for digit in range(10))
        ),
    )
    contract = pa.DataFrameSchema(
        {
            **{name: pa.Column("int64", pa.Check.in_range(0, 16)) for name in schema.names},
            "digit": pa.Column("int64", pa.Check.in_range(0, 9)),
        },
        strict=True,
    )
