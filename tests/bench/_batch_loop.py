"""The bare predict loop: every other row group of a Parquet file through ONNX Runtime into a Parquet file.

``python _batch_loop.py INPUT MODEL OUTPUT CATEGORIES SLICE_ROWS WORKER OF``. It checks nothing, keeps no checkpoint and
answers to nobody: what is left is reading, encoding, predicting and writing, as fast as we know how to.
"""

import json
import sys

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

BATCH_ROWS = 65_536


def numeric(values):
    # Neither `pyarrow.array` nor `to_numpy`: the first call of each imports pandas, half a second a process.
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def plain(column):
    dtype = DTYPES[column.type]
    return np.frombuffer(column.buffers()[1], dtype, len(column), dtype.itemsize * column.offset)


DTYPES = {pa.from_numpy_dtype(np.dtype(name)): np.dtype(name) for name in ("i1", "i2", "i4", "i8", "f4", "f8")}
GAP = numeric(np.array([np.nan]))[0]


def encode(batch, codes):
    x = np.empty((batch.num_rows, batch.num_columns), np.float32)
    for place, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
        if name in codes:
            table = np.array([codes[name][value] for value in column.dictionary.to_pylist()], np.float32)
            x[:, place] = table[plain(column.indices)]
        else:
            x[:, place] = plain(pc.fill_null(column, GAP) if column.null_count else column)
    return x


def main(source, model, output, categories, slice_rows, worker, of):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    codes = {
        name: {value: code for code, value in enumerate(values)} for name, values in json.loads(categories).items()
    }
    file = pq.ParquetFile(source, pre_buffer=False)
    groups = list(range(int(worker), file.metadata.num_row_groups, int(of)))
    starts = np.cumsum([0, *(file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups))])
    writer = None
    for group in groups:
        row = starts[group] + 1
        for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], use_threads=False):
            x, step = encode(batch, codes), int(slice_rows)
            found = [session.run(None, {"features": x[i : i + step]})[0] for i in range(0, len(x), step)]
            outputs = np.concatenate(found)
            columns = {"row": numeric(np.arange(row, row + len(x)))}
            columns |= {f"p{k}": numeric(np.ascontiguousarray(outputs[:, k])) for k in range(outputs.shape[1])}
            table = pa.Table.from_arrays(list(columns.values()), names=list(columns))
            writer = writer or pq.ParquetWriter(output, table.schema, use_dictionary=False)
            writer.write_table(table)
            row += len(x)
    if writer:
        writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
