"""One model on the small device: loads it, predicts one row after the other, and notes when.

Run as ``python -m strategies.edge._child ORDER`` on a lifeline; ORDER is a JSON file that names everything else. It
limits itself before its first large import, so that runtime, model and answers all have to fit.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
NO_MEMORY = 3
"""Exit status where the device's memory did not suffice."""


def run(order: dict[str, Any]) -> None:
    """Do what the order says and leave the findings in its `result`, a .npz file."""
    import numpy as np

    rows = np.load(order["rows"])
    table = [rows[i : i + 1] for i in range(len(rows))]
    began_s = time.perf_counter()
    session = _open(order["model"])
    name, wanted = session.get_inputs()[0].name, [order["output"]]
    first = session.run(wanted, {name: table[0]})[0]
    load_s = time.perf_counter() - began_s
    answers = np.concatenate([session.run(wanted, {name: row})[0] for row in table])
    n, rows_n = order["predictions"], len(table)
    start_s, end_s, cpu_s = np.empty(n), np.empty(n), time.process_time()
    for i in range(n):
        row = table[i % rows_n]
        start_s[i] = time.perf_counter()
        session.run(wanted, {name: row})
        end_s[i] = time.perf_counter()
    np.savez(
        order["result"], start_s=start_s, end_s=end_s, answers=answers.reshape(rows_n, first.shape[-1]), load_s=load_s,
        cpu_s=time.process_time() - cpu_s, peak_bytes=_peak_bytes(),
    )  # fmt: skip


def _open(model: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _peak_bytes() -> int:
    # Not getrusage: what it calls the peak includes the process that started this one, up to the moment of the start.
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def main(order_file: str) -> int:
    """Run the order; the exit status tells a device that is too small from other failures."""
    from strategies.edge.device import Device

    for variable in _THREADS:
        os.environ[variable] = "1"
    order = json.loads(Path(order_file).read_text())
    Device(**order["device"]).apply()
    try:
        run(order)
    except Exception as error:  # what a library makes of a failed allocation is its own affair
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return NO_MEMORY if _is_memory(error) else 1
    return 0


def _is_memory(error: BaseException | None) -> bool:
    said = ("bad_alloc", "allocate memory", "failed to map", "allocate")
    while error is not None:
        if isinstance(error, MemoryError) or any(words in str(error).lower() for words in said):
            return True
        error = error.__cause__ or error.__context__
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
