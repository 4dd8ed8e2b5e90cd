"""How good answers are on rows that the model has not seen: each score with its interval."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from data.estimate import Estimate, Figure, TooFew
from strategies.training.intervals import CONFIDENCE, Floats, bootstrap, from_influence, grouped, wilson

Codes = NDArray[np.intp]
Groups = NDArray[np.generic] | None
_SMALLEST = 1e-15
_COUNTED = ("accuracy", "precision", "recall")  # shares of so many rows
_NATS: Mapping[str, str] = MappingProxyType({"log_loss": "nats"})


def classification_scores(
    y: Codes, probabilities: Floats, said: Codes, groups: Groups = None, seed: int = 0
) -> dict[str, Figure]:
    """Accuracy, precision, recall, F1, ROC-AUC and log loss.

    Parameters
    ----------
    y, said
        True and predicted class codes (rows,).
    probabilities
        (rows, classes). With two classes precision, recall and F1 are the second's, which is the positive one; with
        more they and ROC-AUC (one against the rest) are means over the classes.
    groups
        Which rows belong together (rows,); an interval then counts groups, not rows.

    A score that the rows cannot give, such as precision when no row was called positive, is `TooFew`.
    """
    classes = probabilities.shape[1]
    judged = range(1, 2) if classes == 2 else range(classes)
    chosen = np.clip(probabilities[np.arange(len(y)), y], _SMALLEST, 1.0)
    columns = [np.ones(len(y)), y == said, -np.log(chosen)]
    for code in judged:
        columns += [(y == code) & (said == code), said == code, y == code]
    sums = grouped(np.stack(columns, axis=1).astype(np.float64), groups)  # (units, 3 + 3 judged)
    n = {"precision": int((said == 1).sum()), "recall": int((y == 1).sum())} if classes == 2 else {}
    found = _estimates(sums, _class_figures, n, len(y), seed)
    return found | _roc_auc(y, probabilities, judged, groups)


def regression_scores(y: Floats, answers: Floats, unit: str, groups: Groups = None, seed: int = 0) -> dict[str, Figure]:
    """MAE and RMSE in the target's unit, and R² (the share of the variance that is explained), of (rows,) values."""
    error, centred = y - answers, y - y.mean()
    sums = grouped(np.stack([np.ones(len(y)), np.abs(error), error**2, centred, centred**2], axis=1), groups)
    return _estimates(sums, _value_figures, {}, len(y), seed, {"mae": unit, "rmse": unit})


def area_under_roc(positive: NDArray[np.bool_], score: Floats) -> tuple[float, Floats]:
    """ROC-AUC, and each row's influence on it (rows,).

    The area is the probability that a positive row scores above a negative one, ties counting half; the influence
    function is that of DeLong, DeLong and Clarke-Pearson (1988).
    """
    from scipy.stats import rankdata

    n, positives = len(score), int(positive.sum())
    rank = rankdata(score)
    above = (rank[positive] - rankdata(score[positive])) / (n - positives)  # share of negatives below each positive
    below = 1 - (rank[~positive] - rankdata(score[~positive])) / positives  # share of positives above each negative
    area = float(above.mean())
    influence = np.empty(n)
    influence[positive] = (above - area) * n / positives
    influence[~positive] = (below - area) * n / (n - positives)
    return area, influence


def _roc_auc(y: Codes, probabilities: Floats, judged: range, groups: Groups) -> dict[str, Figure]:
    if any(not 0 < np.count_nonzero(y == code) < len(y) for code in judged):
        return {"roc_auc": TooFew("roc_auc", 0, 1)}
    parts = [area_under_roc(y == code, probabilities[:, code]) for code in judged]
    area = float(np.mean([area for area, _ in parts]))
    low, high = from_influence(area, np.mean([influence for _, influence in parts], axis=0), groups)
    return {"roc_auc": Estimate(area, low, high, len(y), "share", CONFIDENCE)}


def _class_figures(sums: Floats) -> Mapping[str, Floats]:
    n, right, loss = sums[:, 0], sums[:, 1], sums[:, 2]
    hits, said, true = (sums[:, 3 + offset :: 3] for offset in range(3))  # (resamples, judged)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = hits / said, hits / true
        if hits.shape[1] > 1:  # of several classes one that was never named counts as 0, as in scikit-learn
            precision, recall = np.nan_to_num(precision), np.nan_to_num(recall)
        return {
            "accuracy": right / n,
            "precision": precision.mean(axis=1),
            "recall": recall.mean(axis=1),
            "f1": np.nan_to_num(2 * hits / (said + true)).mean(axis=1),
            "log_loss": loss / n,
        }


def _value_figures(sums: Floats) -> Mapping[str, Floats]:
    n, absolute, squared, centred, centred_squared = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        variation = centred_squared - centred**2 / n
        return {"mae": absolute / n, "rmse": np.sqrt(squared / n), "r2": 1 - squared / variation}


def _estimates(
    sums: Floats,
    figures: Callable[[Floats], Mapping[str, Floats]],
    n: Mapping[str, int],
    rows: int,
    seed: int,
    units: Mapping[str, str] = _NATS,
) -> dict[str, Figure]:
    values = figures(sums.sum(axis=0, keepdims=True))
    ranges = bootstrap(sums, figures, seed)
    return {
        name: _estimate(name, float(value[0]), ranges[name], n.get(name, rows), units.get(name, "share"))
        for name, value in values.items()
    }


def _estimate(name: str, value: float, interval: tuple[float, float], n: int, unit: str) -> Figure:
    if not np.isfinite([value, *interval]).all():  # it divides by 0: nothing was called positive, or nothing was
        return TooFew(name, 0, 1)
    if unit == "share" and name in _COUNTED and value in (0.0, 1.0):  # then all resamples agree, and say nothing
        interval = wilson(value * n, n)
    return Estimate(value, min(value, interval[0]), max(value, interval[1]), n, unit, CONFIDENCE)
