"""How good a trained model is, as the page tells it."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from dashboard.charts.calibration import calibration
from dashboard.charts.confusion import confusion
from dashboard.charts.cost import cost
from dashboard.charts.learning_curve import learning_curve
from dashboard.parts.chart import show_chart
from dashboard.parts.tables import show_rows
from data.estimate import Estimate, Figure
from data.estimates.text import as_text, digits
from strategies.training.evaluation import Evaluation
from strategies.training.report import Report

NAMES = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "roc_auc": "ROC-AUC",
    "log_loss": "Log loss",
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "r2": "R²",
}


def show_report(report: Report, key: str) -> None:
    """Everything a training found out, one tab a question; `key` tells this report's charts from another's."""
    evaluation = report.evaluation
    if evaluation.ranking is not None:
        _ranking(evaluation)
    for note in report.notes:
        st.info(note)
    tabs: dict[str, Callable[[Report, str], None]] = {"Scores": _scores}
    if evaluation.confusion:
        tabs["Mistakes"] = _mistakes
    if evaluation.calibration:
        tabs["Calibration"] = _calibration
    if evaluation.threshold:
        tabs["Threshold"] = _threshold
    if report.learning_curve:
        tabs["Learning curve"] = _learning
    for tab, show in zip(st.tabs(list(tabs)), tabs.values(), strict=True):
        with tab:
            show(report, key)


def _ranking(evaluation: Evaluation) -> None:
    ranking = evaluation.ranking
    if ranking is None:
        return
    verdict = "beats guessing" if ranking.beats_guessing else "is not clearly better than guessing"
    st.markdown(
        f"Ranked by this model, the one that was chosen comes first in **{as_text(ranking.hit_rate)}** of groups. "
        f"Guessing puts it first for {ranking.guessing:.1%}: the model {verdict}."
    )


def _scores(report: Report, _key: str) -> None:
    evaluation = report.evaluation
    rows = [
        {
            "score": NAMES.get(name, name),
            "this model": as_text(score),
            "no learning": _baseline(evaluation, name, score),
        }
        for name, score in evaluation.scores.items()
    ]
    show_rows(rows, "score")
    parts = ", ".join(f"{part} {n:,}" for part, n in report.rows.items())
    st.caption(
        f"On {evaluation.rows:,} test rows that it never saw, with 95% intervals. Rows were parted {report.split} "
        f"({parts}). “No learning” always answers with the training rows' shares or mean."
    )


def _baseline(evaluation: Evaluation, name: str, score: Figure) -> str:
    value = evaluation.baseline.get(name)
    unit = score.unit if isinstance(score, Estimate) else ""
    return "–" if value is None else as_text(Estimate(value, value, value, evaluation.rows, unit), interval=False)


def _mistakes(report: Report, key: str) -> None:
    evaluation = report.evaluation
    at = f" at the threshold {evaluation.threshold.threshold:.2f}" if evaluation.threshold else ""
    show_chart(
        confusion(np.array(evaluation.confusion), evaluation.classes), f"{key}-mistakes", caption=f"Test rows{at}."
    )


def _calibration(report: Report, key: str) -> None:
    found = report.evaluation.calibration
    if found is not None:
        caption = "Each point is a tenth of the test rows, with its 95% interval. On the dashed line, 30% means 30%."
        show_chart(calibration(found), f"{key}-calibration", caption=caption)


@st.fragment
def _threshold(report: Report, key: str) -> None:
    choice = report.evaluation.threshold
    if choice is None:
        return
    costs = choice.costs
    st.markdown(
        f"A wrong yes costs {digits(costs.false_positive)} and a missed yes {digits(costs.false_negative)}. On the "
        f"validation rows, saying yes from **{choice.threshold:.2f}** on is cheapest. On the test rows that costs "
        f"{digits(choice.test_cost)} a row; always saying no costs {digits(choice.test_cost_never)}, always yes "
        f"{digits(choice.test_cost_always)}."
    )
    start = round(min(max(choice.threshold, 0.0), 1.0), 2)
    chosen = st.slider("Try another threshold", 0.0, 1.0, start, 0.01, key=f"{key}-threshold")
    show_chart(cost(choice, chosen), f"{key}-cost")


def _learning(report: Report, key: str) -> None:
    curve = report.learning_curve
    if curve is None:
        return
    st.markdown(curve.diagnosis)
    rows, training, validation = np.array([(p.rows, p.training, p.validation) for p in curve.points]).T
    show_chart(learning_curve(rows, training, validation, curve.score), f"{key}-learning")
    if not curve.complete:
        st.caption("The curve stops early: its time was up before the largest size.")
