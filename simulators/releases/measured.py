"""The world of two real versions: what each says to the rows that users send, and how long it was seen to take."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.releases.world import Behaviour, Law, World, delayed, lognormal_latency
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import headline, load_predictor
from strategies.releases.evidence import ANSWER_BINS
from strategies.releases.faults.contract import Fault
from strategies.releases.live.harm import labels_of
from strategies.releases.router.answers import Reader, decile_edges

USUAL_S = 0.003
"""Median latency that is assumed of a version which nobody has measured: an API's on the same machine."""
_TIMED = 50


def world_of_versions(
    package: ModelPackage,
    successor: ModelPackage,
    fault: Fault,
    rows: NDArray[np.float32],
    *,
    old_latency: Law | None = None,
    new_latency: Law | None = None,
    truth: Sequence[str | float] | None = None,
    **more: Any,
) -> World:
    """Ask both versions every row, in this process, and count.

    Parameters
    ----------
    old_latency, new_latency
        `measured_latency` of runs. Without them the old version has a lognormal law around `USUAL_S`, and the new one
        the old one's, later by what its predictions were seen to take longer here.
    truth
        The true answer to each row.
    more
        Other fields of the `World`.

    A fault that strikes after some requests is not asked: its `fails_after` says all about it.
    """
    predict = load_predictor(successor).predict
    faulty = predict if fault.fails_after is not None else fault.wrap(predict)
    old_outputs = load_predictor(package).predict(rows)
    new_outputs, answered, took_s = _asked(faulty, rows, old_outputs)
    answers = headline(old_outputs, package.manifest.task)
    reader = Reader(() if package.manifest.task == "multiclass" else decile_edges(answers.tolist()))
    old_labels, new_labels = (labels_of(o, package.manifest) for o in (old_outputs, new_outputs))
    differs = _differ(reader, old_labels, new_labels) & answered
    ok = max(int(answered.sum()), 1)
    old_wrong, new_wrong = (
        _differ(reader, labels, truth) if truth is not None else np.zeros(len(rows), bool)
        for labels in (old_labels, new_labels)
    )  # fmt: skip
    latency = lognormal_latency(USUAL_S) if old_latency is None else old_latency
    if new_latency is None:
        new_latency = delayed(latency, took_s - _asked(load_predictor(package).predict, rows[:_TIMED], old_outputs)[2])
    task = package.manifest.task
    return World(
        old=Behaviour(0.0, latency, _bins(reader, answers), float(old_wrong.mean())),
        new=Behaviour(
            float(1 - answered.mean()),
            new_latency,
            _bins(reader, headline(new_outputs[answered], task)) if answered.any() else _bins(reader, answers),
            float(new_wrong[answered].sum() / ok),
        ),
        disagree_share=float(differs.sum() / ok),
        only_new_wrong=float((new_wrong & ~old_wrong & answered).sum() / ok),
        only_old_wrong=float((old_wrong & ~new_wrong & answered).sum() / ok),
        labelled=truth is not None,
        fails_after=fault.fails_after,
        **more,
    )


def _asked(
    predict: Any, rows: NDArray[np.float32], like: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], float]:
    """What it says to each row, which rows it answers at all, and the median of the seconds that an answer takes."""
    outputs, answered, took_s = like[: len(rows)].copy(), np.ones(len(rows), np.bool_), []
    for i in range(len(rows)):
        began_s = time.perf_counter()
        try:
            outputs[i] = predict(rows[i : i + 1])[0]
            took_s.append(time.perf_counter() - began_s)
        except Exception:  # whatever it raises, its user gets an error
            answered[i] = False
    return outputs, answered, float(np.median(took_s)) if took_s else 0.0


def _differ(reader: Reader, one: Sequence[str | float], other: Sequence[str | float]) -> NDArray[np.bool_]:
    return np.array([not reader.same(a, b) for a, b in zip(one, other, strict=True)], np.bool_)


def _bins(reader: Reader, answers: NDArray[np.float64]) -> Law:
    from bisect import bisect_right

    edges = reader.edges
    found = [bisect_right(edges, a) if edges else int(a) for a in answers.tolist()]
    return np.bincount(np.clip(found, 0, ANSWER_BINS - 1), minlength=ANSWER_BINS) / max(len(found), 1)
