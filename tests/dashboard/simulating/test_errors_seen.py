"""The whole fidelity report on the page: what is drawn is what was reported."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.charts.fidelity import fidelity_chart
from simulators.fidelity.report import Cell, FidelityReport, folder

CELL = Cell("api-1", "api", "process", 0.4, 100.0, "poisson", "p50_ms", 2.0, 1.9, 2.1, 2.08, 2.0, 2.2, 0.01, 3, 900)
CELLS = (
    CELL,
    replace(CELL, utilisation=0.6, predicted=4.0, floor=0.5),
    replace(CELL, subject="streaming", utilisation=0.5, predicted=1.0),
    replace(CELL, utilisation=1.2, predicted=9.0),
    replace(CELL, utilisation=0.3, predicted=None),
    replace(CELL, figure="p99_ms"),
)


def test_ratios_are_drawn_by_load_and_overload_is_left_out() -> None:
    chart = fidelity_chart(CELLS, "p50_ms")
    drawn = {trace.name: (list(trace.x), list(trace.y), list(trace.marker.symbol)) for trace in chart.figure.data}
    assert drawn == {
        "api-1": ([0.4, 0.6], [pytest.approx(1.04), 2.0], ["circle", "circle-open"]),
        "streaming": ([0.5], [0.5], ["square"]),
    }
    assert "the median error is 50.0%, 1 are within 5%" in chart.alt
    assert "+100%, of api-1 at a load of 0.60" in chart.alt
    assert chart.table["verdict"].tolist() == ["within", "noise", "off"]
    assert chart.figure.layout.yaxis.title.text == "predicted / measured"
    far = fidelity_chart([CELL, replace(CELL, utilisation=0.2, predicted=0.02)], "p50_ms").figure
    assert list(far.data[0].y) == [pytest.approx(1.04), pytest.approx(1 / 6)]
    assert "predicted 0.02: -99%" in far.data[0].text[1]
    assert far.layout.yaxis.title.text == "predicted / measured; beyond 6× at the edge"
    assert "Nothing was measured" in fidelity_chart(CELLS, "p95_ms").alt


def _section() -> None:
    from dashboard.simulating.errors_seen import errors_seen

    errors_seen()


@pytest.mark.usefixtures("home")
def test_without_a_report_it_says_how_to_make_one_and_with_one_it_shows_it() -> None:
    page = AppTest.from_function(_section).run()
    assert [code.value for code in page.code] == ["python -m simulators.fidelity"]
    FidelityReport(CELLS).save(folder() / "report.json")
    page = AppTest.from_function(_section).run()
    assert not page.exception
    assert not page.code
    assert page.radio[0].options == ["p50", "p95", "p99", "Throughput"]
    shown = page.dataframe[-1].value
    assert shown.loc[shown["figure"] == "p50", "runs"].item() == "4, 1 of them too uncertain, 1 more in overload"
    page.radio[0].set_value("p99_ms").run()
    assert not page.exception
    (folder() / "report.json").write_text("{}")
    page = AppTest.from_function(_section).run()
    assert "report" in page.error[0].value
    assert not page.exception
