"""The charts of data and models show the numbers they were given, with labels and units."""

import numpy as np
import pytest

from dashboard.charts.calibration import calibration
from dashboard.charts.confusion import confusion
from dashboard.charts.correlation import correlation
from dashboard.charts.cost import cost
from dashboard.charts.histogram import categories, histogram
from dashboard.charts.learning_curve import learning_curve
from strategies.training.calibration import Calibration, CalibrationBin
from strategies.training.threshold import Costs, ThresholdChoice


def test_confusion_shows_counts_and_names_the_worst_mistake() -> None:
    chart = confusion(np.array([[50, 2], [7, 41]]), ["no", "yes"])
    heat = chart.figure.data[0]
    assert heat.text[1][0].startswith("7<br>14.6%")
    assert heat.z[0] == pytest.approx([50 / 52, 2 / 52])
    assert "91 (91.0%) are predicted right" in chart.alt
    assert "yes predicted as no, 7 rows" in chart.alt
    assert (chart.table.to_numpy() == [[50, 2], [7, 41]]).all()


def test_confusion_of_a_class_without_rows_divides_by_nothing() -> None:
    chart = confusion(np.array([[3, 0], [0, 0]]), ["a", "b"])
    assert np.isfinite(chart.figure.data[0].z).all()
    assert "No row is predicted wrong" in chart.alt


def test_calibration_shows_both_shares_and_their_distance() -> None:
    bins = (CalibrationBin(0.2, 0.3, 0.22, 0.4, 100), CalibrationBin(0.8, 0.8, 0.75, 0.84, 300))
    chart = calibration(Calibration(bins, 0.025))
    model = next(s for s in chart.figure.data if s.name == "model")
    assert list(model.x) == [0.2, 0.8]
    assert list(model.y) == [0.3, 0.8]
    assert "0.025 on average" in chart.alt
    assert list(model.error_y.array) == pytest.approx([0.1, 0.04])
    assert "Predicted probability" in chart.figure.layout.xaxis.title.text


def test_cost_marks_the_chosen_threshold_on_the_curve() -> None:
    curve = ((0.0, 0.8), (0.5, 0.2), (1.0, 0.4))
    chart = cost(ThresholdChoice(0.45, Costs(1, 3), 0.19, 0.2, 0.21, 0.4, 0.8, curve), 0.75)
    chosen = next(s for s in chart.figure.data if s.name == "chosen")
    assert (chosen.x[0], chosen.y[0]) == (0.75, pytest.approx(0.3))
    assert "0.300 at the chosen 0.75, 0.190 at the cheapest, 0.45" in chart.alt


def test_histogram_has_the_columns_name_and_unit() -> None:
    chart = histogram(np.array([0.0, 1.0, 2.0]), np.array([3, 9]), "range", "miles")
    assert chart.figure.layout.xaxis.title.text == "range (miles)"
    assert list(chart.figure.data[0].y) == [3, 9]
    assert "between 1 and 2" in chart.alt


def test_categories_are_sorted_and_the_rare_ones_are_in_the_table() -> None:
    names, counts = [f"c{i}" for i in range(30)], list(range(30))
    chart = categories(names, counts, "carrier")
    assert len(chart.figure.data[0].y) == 20
    assert chart.figure.data[0].y[0] == "c29"
    assert len(chart.table) == 30
    assert "10 rarer" in chart.alt


def test_correlation_names_the_strongest_pair_and_survives_constants() -> None:
    values = np.array([[1, 0.2, np.nan], [0.2, 1, -0.7], [np.nan, -0.7, 1]])
    chart = correlation(values, ["a", "b", "c"])
    assert "b and c, -0.70" in chart.alt
    assert chart.figure.data[0].zmin == -1


def test_learning_curve_tells_the_gap() -> None:
    chart = learning_curve(np.array([10, 100]), np.array([1.0, 0.9]), np.array([0.6, 0.8]), "ROC-AUC")
    assert [s.name for s in chart.figure.data] == ["training", "validation"]
    assert "a gap of 0.100" in chart.alt
    assert chart.figure.layout.yaxis.title.text == "ROC-AUC"
