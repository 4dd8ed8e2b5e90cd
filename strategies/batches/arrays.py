"""Arrow arrays made without pandas.

`pyarrow.array` imports pandas, if it is there, to recognise what it is given: half a second and 50 MB in every worker.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_DTYPES = {pa.from_numpy_dtype(np.dtype(name)): np.dtype(name) for name in ("i1", "i2", "i4", "i8", "f4", "f8")}


def numeric(values: NDArray[Any]) -> pa.Array:
    """Numbers without gaps; shares the memory of a contiguous array."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def plain(array: pa.Array) -> NDArray[Any]:
    """The other way round: an array of numbers without gaps, in the memory that it has."""
    dtype = _DTYPES[array.type]
    if not len(array):
        return np.empty(0, dtype)
    return np.frombuffer(array.buffers()[1], dtype, len(array), dtype.itemsize * array.offset)


def texts(values: Sequence[str]) -> pa.Array:
    """Texts without gaps."""
    encoded = [value.encode() for value in values]
    offsets = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(value) for value in encoded], out=offsets[1:])
    return pa.Array.from_buffers(
        pa.string(), len(encoded), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    )


def coded(codes: NDArray[np.int32], names: Sequence[str]) -> pa.Array:
    """Texts that are few and repeat, each by its index into `names`."""
    return pa.DictionaryArray.from_arrays(numeric(codes.astype(np.int32, copy=False)), texts(names))
