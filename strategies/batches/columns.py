"""The columns of an output: key, prediction, what the model answered, its version, and when."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.errors import InvalidValue
from strategies.batches.arrays import coded, numeric
from strategies.packaging.package import Manifest

ROW_KEY = "row"
"""Name of the key where the input's rows have none: the row's number, from 1."""
PREDICTION, VERSION, COMPUTED_AT = "prediction", "model_version", "computed_at"
PROBABILITY = "probability_"
MOMENT = pa.timestamp("us", tz="UTC")


def output_names(manifest: Manifest) -> tuple[str, ...]:
    """Columns that hold the model's outputs, in their order."""
    if manifest.task == "regression":
        return (PREDICTION,)
    return tuple(f"{PROBABILITY}{label}" for label in manifest.outputs)


def check_key(key: str, manifest: Manifest) -> None:
    """Refuse a key whose name an output column has."""
    taken = {PREDICTION, VERSION, COMPUTED_AT, *output_names(manifest)}
    if key in taken:
        raise InvalidValue("key", key, "is the name of an output column", "rename the input's column")


def answers(key: str, keys: pa.ChunkedArray | pa.Array, outputs: NDArray[np.float32], manifest: Manifest) -> pa.Table:
    """A chunk's answers, but for the columns that are the same in all rows.

    Parameters
    ----------
    keys
        (rows,)
    outputs
        (rows, outputs)
    """
    columns = {key or ROW_KEY: keys}
    if manifest.task != "regression":
        columns[PREDICTION] = coded(labels(outputs, manifest), manifest.outputs)
    for place, name in enumerate(output_names(manifest)):
        columns[name] = numeric(outputs[:, place])
    return pa.Table.from_arrays(list(columns.values()), names=list(columns))


def labels(outputs: NDArray[np.float32], manifest: Manifest) -> NDArray[np.int32]:
    """The class that each row's probabilities mean: by the threshold where there are two, else the likeliest."""
    if outputs.shape[1] == 2:
        yes: NDArray[np.int32] = (outputs[:, 1] >= manifest.threshold).astype(np.int32)
        return yes  # (rows,)
    likeliest: NDArray[np.int32] = outputs.argmax(axis=1).astype(np.int32)
    return likeliest


def constants(rows: int, version: str, computed_at_us: int) -> dict[str, pa.Array]:
    """The columns that are the same in all rows."""
    moments = numeric(np.full(rows, computed_at_us, np.int64))
    return {VERSION: coded(np.zeros(rows, np.int32), [version]), COMPUTED_AT: moments.view(MOMENT)}


def text_columns(fields: pa.Schema) -> Sequence[str]:
    """Columns worth a dictionary in the file: few texts that repeat."""
    return [field.name for field in fields if pa.types.is_dictionary(field.type)]
