"""What users got: which answers of the new version were wrong, late or failed, counted from the trace."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.trace import Status
from strategies.loadgen import Driven
from strategies.packaging.package import Manifest
from strategies.releases.outcome import ReleaseOutcome
from strategies.releases.router.answers import Reader


def labels_of(outputs: NDArray[np.floating[Any]], manifest: Manifest) -> list[str | float]:
    """What a server says to each row's outputs (n, k): a class's name, or a value."""
    if manifest.task == "regression":
        return [float(value) for value in outputs[:, 0]]
    if outputs.shape[1] == 2:
        return [manifest.outputs[int(p >= manifest.threshold)] for p in outputs[:, 1].astype(np.float32)]
    return [manifest.outputs[int(i)] for i in outputs.argmax(axis=1)]


def harm(
    driven: Driven,
    manifest: Manifest,
    old_labels: Sequence[str | float],
    keys: NDArray[np.int64],
    log: Sequence[dict[str, Any]],
    *,
    new_version: str,
    slo_s: float,
    reader: Reader,
    extra_instance_h: float,
) -> ReleaseOutcome:
    """Count what the new version did to its users.

    Parameters
    ----------
    old_labels
        What the old version says to each row.
    keys
        The user of each request.
    """
    columns = driven.columns
    status, row = columns["status"], columns["row"]
    ok = status == Status.OK
    version = driven.versions.index(new_version) if new_version in driven.versions else -2
    by_new = ok & (columns["version"] == version)
    new_labels = labels_of(driven.outputs[by_new], manifest) if by_new.any() else []
    differs = np.zeros(len(ok), np.bool_)
    differs[by_new] = [not reader.same(a, old_labels[r]) for a, r in zip(new_labels, row[by_new], strict=True)]
    slow = (columns["end_s"] - columns["scheduled_s"]) > slo_s
    # A refusal that a server wrote names its replica; what nobody answered does not. The old version is not at fault.
    failed = ~ok & (columns["replica"] >= 0)
    dropped = ~ok & (columns["replica"] < 0)
    touched = by_new | failed
    verdict = next((entry for entry in log if entry["verdict"] != "hold"), None)
    return ReleaseOutcome(
        verdict=verdict["verdict"] if verdict else "hold",
        verdict_s=verdict["now_s"] if verdict else None,
        requests=len(ok),
        served_new=int(touched.sum()),
        failed=int(failed.sum()),
        wrong=int(differs.sum()),
        late=int((by_new & slow & ~differs).sum()),
        dropped=int(dropped.sum()),
        users_touched=len(np.unique(keys[np.flatnonzero(touched)])),
        extra_instance_h=extra_instance_h,
    )
