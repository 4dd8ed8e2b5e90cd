"""Breast tumours, four models and a threshold: every tumour is judged by a model that has never seen it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from data.catalogue import find_dataset
from data.discovery import kind
from data.estimate import Estimate, Figure, TooFew
from data.estimates import as_text, mean, share
from data.estimates.resampling import Resamples
from data.provenance import Origin
from lessons.contract import Cancelled, Control, Experiment, Progress, Record, Settings, Verdict
from lessons.controls import Choice, Number, Option
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Series
from strategies.training.algorithms.contract import Algorithm
from strategies.training.spec import TrainingSpec
from strategies.training.train import Prepared, prepare
from strategies.training.watch import Watch

MISSED_USD, CALLED_USD = 20_000, 1_000
"""What a missed malignant tumour costs the clinic, and what a needless biopsy does."""
RECALL, COST_USD = 0.98, 250
"""The challenge: recall at least this, at no more than that for a patient."""
FOLDS = 5
_ALMOST = 0.01
_MODELS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "stump": ("random_forest", {"trees": 1, "max_depth": 1, "max_features": 1.0}),
    "tree": ("random_forest", {"trees": 1, "max_depth": 64, "min_samples_leaf": 1}),
    "forest": ("random_forest", {"trees": 50}),
    "logistic": ("logistic", {}),
}


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the models said of each tumour."""

    malignant: NDArray[np.bool_]
    """The truth. (rows,)"""
    unseen: NDArray[np.float64]
    """Probability of malignant, from the model that did not learn from the row. (rows,)"""
    learned_right: int
    """Right answers on rows that the model had learned from, a row counted once: the mean over its models."""


class LifeCycle(Experiment):
    origin: ClassVar[Origin] = "measured"
    controls: ClassVar[tuple[Control, ...]] = (
        Choice(
            "model", N_("Model"),
            (
                Option("stump", N_("one question")),
                Option("tree", N_("one deep tree")),
                Option("forest", N_("a forest of 50 trees")),
                Option("logistic", N_("logistic regression")),
            ),
            "tree", N_("How much each can learn by heart differs."),
        ),
        Number(
            "threshold", N_("Call back from a probability of"), 0.01, 0.99, 0.01, 0.5, "",
            N_("The model answers with a probability; from this one on the patient is called back."),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        name, parameters = _MODELS[str(settings["model"])]
        progress(_("reading the data"), 0.0)
        rows = prepare(TrainingSpec(data="tumour"), find_dataset("tumour"))
        learner: Algorithm = kind("strategies.training.algorithms", Algorithm, name)(parameters)  # type: ignore[type-abstract]
        judged = _judge(learner, rows, seed, progress, cancelled)
        threshold = float(settings["threshold"])
        figures, labels = _figures(judged, threshold)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=labels,
            plot=_plot(judged, threshold), outcome=Outcome(_direction(figures), "recall"),
            provenance=_("Measured: {n} tumours, each judged by one of {folds} models that never saw it, seed {seed}")
            .format(n=len(judged.malignant), folds=FOLDS, seed=seed),
            facts=_facts(judged, threshold),
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        recall, cost = record.figures["recall"], record.figures["cost"]
        required = _("recall at least {recall:.0%}, at no more than {cost:,.0f} USD a patient").format(
            recall=RECALL, cost=COST_USD
        )
        measured = _("recall {recall}, {cost} a patient").format(recall=as_text(recall), cost=as_text(cost))
        assert isinstance(recall, Estimate)
        assert isinstance(cost, Estimate)
        if recall.value < RECALL and cost.value > COST_USD:
            why = _(
                "It misses too many and costs too much. Lower the threshold; if neither comes right, change the model."
            )
        elif recall.value < RECALL:
            why = _("It misses too many: {missed} of {malignant}. Lower the threshold.").format(**record.facts)
        elif cost.value > COST_USD:
            why = _("It finds them, and calls back {needless} healthy people for it. Raise the threshold, or change "
                    "the model to one that tells them apart better.").format(**record.facts)  # fmt: skip
        else:
            why = _("It misses {missed} of {malignant}, and calls back {needless} healthy people.").format(
                **record.facts
            )
        return Verdict(recall.value >= RECALL and cost.value <= COST_USD, measured, required, why)

    def solve(self, seed: int) -> Settings:
        for model in ("logistic", "forest"):
            for threshold in (0.05, 0.1, 0.15, 0.02):
                settings = {"model": model, "threshold": threshold}
                record = self.run(settings, seed=seed, progress=lambda *_: None, cancelled=lambda: False)
                if self.check(record).passed:
                    return settings
        return {"model": "logistic", "threshold": 0.05}


def _judge(learner: Algorithm, rows: Prepared, seed: int, progress: Progress, cancelled: Cancelled) -> _Judged:
    """Cut the rows into folds; judge each by a model fitted on the others."""
    from sklearn.model_selection import StratifiedKFold

    malignant = np.asarray(rows.y, bool)
    unseen, right = np.zeros(len(malignant)), 0
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(rows.X, malignant)
    for place, (learn, test) in enumerate(folds):
        watch = Watch(lambda *_: None, cancelled, _("training"))
        progress(_("training"), place / FOLDS, _("model {n} of {all}").format(n=place + 1, all=FOLDS))
        watch.report(0.0)
        fitted = learner.fit(rows.schema, rows.target.task, rows.X[learn], rows.y[learn], seed, watch)
        unseen[test] = fitted.predict_proba(rows.X[test])[:, 1]
        right += int(((fitted.predict_proba(rows.X[learn])[:, 1] >= 0.5) == malignant[learn]).sum())
    return _Judged(malignant, unseen, round(right / (FOLDS - 1)))


def _figures(judged: _Judged, threshold: float) -> tuple[Mapping[str, Figure], Mapping[str, str]]:
    called, malignant = judged.unseen >= threshold, judged.malignant
    found, n = int((called & malignant).sum()), len(malignant)
    each_usd = MISSED_USD * (malignant & ~called) + CALLED_USD * (called & ~malignant)
    counts = found, int(called.sum()), int(malignant.sum())
    figures: dict[str, Figure] = {
        "recall": share(found, counts[2]),
        "precision": share(found, counts[1]) if counts[1] else TooFew("precision", 0, 1),
        "f1": _f1(*counts),
        "accuracy": share(int((called == malignant).sum()), n),
        "cost": mean(each_usd.astype(np.float64), Resamples([n], blocks=n), unit="USD"),
        "learned": share(judged.learned_right, n),
        "unseen": share(int(((judged.unseen >= 0.5) == malignant).sum()), n),
    }
    labels = {
        "recall": _("recall: malignant tumours found"),
        "precision": _("precision: called back and malignant"),
        "f1": _("F1: both in one"),
        "accuracy": _("accuracy: right answers"),
        "cost": _("cost a patient"),
        "learned": _("accuracy at 0.5 on rows it learned from"),
        "unseen": _("accuracy at 0.5 on rows it never saw"),
    }
    return figures, labels


def _f1(found: int, called: int, malignant: int) -> Figure:
    """F1 = 2 TP / (called + malignant), as a share; its interval is that of a share of their mean."""
    both = called + malignant
    exact = share(2 * found, both)
    return Estimate(exact.value, exact.low, exact.high, both // 2, "share")


def _direction(figures: Mapping[str, Figure]) -> int:
    """Which option came true: unseen rows are judged better, within a point as well, or worse."""
    learned, unseen = figures["learned"], figures["unseen"]
    assert isinstance(learned, Estimate)
    assert isinstance(unseen, Estimate)
    gap = unseen.value - learned.value
    return 0 if gap > _ALMOST else 1 if gap >= -_ALMOST else 2


def _facts(judged: _Judged, threshold: float) -> Mapping[str, Any]:
    called = judged.unseen >= threshold
    return {
        "missed": int((judged.malignant & ~called).sum()),
        "malignant": int(judged.malignant.sum()),
        "needless": int((called & ~judged.malignant).sum()),
        "rows": len(called),
    }


def _plot(judged: _Judged, threshold: float) -> Plot:
    at = np.round(np.linspace(0.0, 1.0, 51), 3)
    found = [_percent(judged.unseen[judged.malignant] >= t) for t in at]
    needless = [_percent(judged.unseen[~judged.malignant] >= t) for t in at]
    here = _percent(judged.unseen[judged.malignant] >= threshold)
    alarms = _percent(judged.unseen[~judged.malignant] >= threshold)
    alt = _(
        "Shares against the threshold, both falling as it rises. At the threshold {threshold:g} the model finds "
        "{found:.1f}% of the malignant tumours and calls back {needless:.1f}% of the healthy people."
    ).format(threshold=threshold, found=here, needless=alarms)
    return Plot(
        _("Threshold"), _("Share in %"),
        (
            Series(_("malignant tumours found (recall)"), at.tolist(), found, drawn="steps"),
            Series(_("healthy people called back"), at.tolist(), needless, drawn="steps"),
        ),
        alt, guides=(Guide(_("threshold {threshold:g}").format(threshold=threshold), x=threshold),),
        predicts="y", predicted_at=threshold,
    )  # fmt: skip


def _percent(said: NDArray[np.bool_]) -> float:
    return float(said.mean() * 100)
