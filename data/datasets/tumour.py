"""Whether a breast tumour is malignant, from the look of its cells."""

import pandera.pandas as pa

from data.datasets._shipped import Shipped
from data.datasets.contract import Target
from data.schema import Feature, Schema

MEASURES = {
    "radius": "Distance from the centre of a nucleus to its edge",
    "texture": "Standard deviation of the grey values",
    "perimeter": "Perimeter of a nucleus",
    "area": "Area of a nucleus",
    "smoothness": "Local variation of the radius",
    "compactness": "Squared perimeter over area, less 1",
    "concavity": "Severity of the concave parts of the outline",
    "concave_points": "Number of the concave parts of the outline",
    "symmetry": "Symmetry of a nucleus",
    "fractal_dimension": "Coastline approximation, less 1",
}
STATISTICS = {"mean": "mean", "error": "standard error", "worst": "mean of the three largest"}


class Tumour(Shipped):
    title = "Breast tumour"
    description = (
        "A row is one fine-needle sample of a breast tumour: ten measures of the cell nuclei in its image, each as a "
        "mean, a standard error and a worst value. A clinic decides by it who is called back for a biopsy at once: a "
        "malignant tumour that is missed costs far more than a needless call."
    )
    source = (
        "W. Wolberg, O. Mangasarian, N. Street and W. Street (1993), Breast Cancer Wisconsin (Diagnostic), UCI Machine "
        "Learning Repository, https://doi.org/10.24432/C5DW2B, as scikit-learn ships it"
    )
    licence = "CC BY 4.0"
    content_hash = "8bd43e57b0dd65de78403267bbbe8696ab6b3a87ec393d1d55f34f98222685ff"
    schema = Schema(
        tuple(
            Feature(f"{statistic}_{measure}", description=f"{meaning}: {words}")
            for statistic, words in STATISTICS.items()
            for measure, meaning in MEASURES.items()
        )
    )
    targets = (Target("malignant", "binary", "Whether the tumour is malignant", classes=("benign", "malignant")),)
    contract = pa.DataFrameSchema(
        {
            **{name: pa.Column("float64", pa.Check.in_range(0, 5_000)) for name in schema.names},
            "malignant": pa.Column("int64", pa.Check.isin([0, 1])),
        },
        strict=True,
    )
