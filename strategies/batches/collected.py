"""Requests on their way into a job and answers on their way out of it: tables with a key."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.schema import Schema
from strategies.batches.arrays import numeric, texts
from strategies.batches.columns import output_names
from strategies.packaging.package import Manifest

KEY = "drydock.request"
"""Column that holds each request's place among those collected."""


def write_requests(path: Path, rows: Sequence[NDArray[np.float32]], schema: Schema) -> None:
    """Write rows, each (features,) as the model reads them, as people would have them: names and gaps."""
    x = np.stack(rows)
    columns = {KEY: numeric(np.arange(len(x)))}
    for place, feature in enumerate(schema.features):
        values, missing = x[:, place], np.isnan(x[:, place])
        if feature.kind == "category":
            codes = pa.array(np.where(missing, 0, values).astype(np.int32), mask=missing)
            columns[feature.name] = pa.DictionaryArray.from_arrays(codes, texts(feature.categories))
        else:
            columns[feature.name] = pa.array(values, mask=missing)
    pq.write_table(pa.table(columns), path)


def read_answers(path: Path, manifest: Manifest) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Places (answered,) and outputs (answered, outputs)."""
    names = output_names(manifest)
    table = pq.read_table(path, columns=[KEY, *names])
    outputs = np.stack([table[name].to_numpy().astype(np.float64) for name in names], axis=1)
    return table[KEY].to_numpy(), outputs
