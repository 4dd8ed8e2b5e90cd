"""The decision's pictures, cards, tables and files say what the decision says."""

import io
import re
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.charts.break_even import break_even, said_of_breaks
from dashboard.charts.pareto import pareto
from dashboard.charts.tornado import tornado
from dashboard.charts.two_way import two_way
from dashboard.comparing.report import report
from dashboard.comparing.scorecards import whole_table
from dashboard.comparing.taking_away import tables
from data.scenario import Scenario
from data.store import RunStore
from simulators.comparison.saved import load_comparison
from simulators.comparison.simulating import simulate_candidates
from simulators.decision import cards
from simulators.decision.decide import decide
from simulators.decision.decision import Decision
from simulators.decision.saved import keep_decision
from tests.simulators.decision.made import LAMBDA, NIGHTLY, SERVERS, evidence, profile, scenario

pytestmark = pytest.mark.timeout(900)  # the first simulation of all may have to compile the engine
Made = tuple[Scenario, Decision, Path, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three simulated candidates in a store, and what was decided on them."""
    folder = tmp_path_factory.mktemp("home")
    asked = scenario(candidates=(SERVERS, LAMBDA, NIGHTLY), budget={"max_staleness_s": 3_600.0})
    known = evidence(profile())
    assert known.profile is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRYDOCK_HOME", str(folder))
        for name, value in (("RISK_RUNS", 2), ("RISK_REQUESTS", 300), ("MOST_REQUESTS", 5_000)):
            patch.setattr(cards, name, value)
        store = RunStore()
        simulate_candidates(asked, asked.candidates, known.profile, "abc", known.rows, store, "group-1")
        decision = decide(load_comparison(store, "group-1"), known, today=date(2026, 11, 1))
        keep_decision(decision)
    return asked, decision, folder, "group-1"


def test_the_front_is_filled_and_the_beaten_are_hollow(made: Made) -> None:
    asked, decision, *_ = made
    chart = pareto(asked, decision)
    drawn = {trace.name: trace for trace in chart.figure.data}
    for card in decision.cards:
        assert drawn[card.name].marker.symbol.endswith("-open") == (card.name not in decision.front)
        assert drawn[card.name].x[0] == card.latency.value
        assert drawn[card.name].y[0] == card.cost.usd_per_month.value
        assert card.name in chart.alt
    assert drawn["lambda"].text[0] == "lambda ★"
    assert list(chart.table.index) == ["servers", "lambda", "nightly"]


def test_break_even_and_tornado_hold_the_numbers(made: Made) -> None:
    asked, decision, *_ = made
    chart = break_even(asked, decision)
    assert chart is not None
    assert decision.curves is not None
    assert {trace.name for trace in chart.figure.data} == {"servers", "lambda", "nightly"}
    assert all(sentence in chart.alt for sentence in said_of_breaks(decision.curves))
    assert len(chart.table) == len(decision.curves.rate_rps)
    bars = tornado(decision)
    assert list(bars.table.index) == [flip.input.title for flip in decision.flips]
    for flip in decision.flips:
        assert (bars.table.loc[flip.input.title, "distance"] == "never") == (flip.nearest is None)
    chart = two_way(decision)
    assert (chart is None) == (decision.two_way is None)
    if chart is not None:
        assert chart.table.to_numpy().size == 13 * 13


def test_the_table_of_everything_has_every_figure(made: Made) -> None:
    asked, decision, *_ = made
    table = whole_table(asked, decision).set_index("candidate")
    for card in decision.cards:
        assert table.loc[card.name, "USD a month"] == card.cost.usd_per_month.value
        for risk in card.risk.values():
            assert f"{risk.title} ({risk.unit})" in table.columns
    assert table["stands"].tolist() == ["keeps every limit", "chosen", "out"]


def test_the_files_hold_the_same(made: Made) -> None:
    asked, decision, *_ = made
    for form, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        archive = zipfile.ZipFile(io.BytesIO(tables(asked, decision, form)))
        names = {name.removesuffix(f".{form}") for name in archive.namelist()}
        assert {"scorecards", "bills", "front", "break-even", "tornado"} <= names
        bills = read(io.BytesIO(archive.read(f"bills.{form}")))
        for card in decision.cards:
            total = bills.loc[bills["candidate"] == card.name, "usd"].sum()
            assert total == pytest.approx(card.cost.usd_per_month.value, abs=0.006)
        scores = read(io.BytesIO(archive.read(f"scorecards.{form}")))
        assert scores["candidate"].tolist() == ["servers", "lambda", "nightly"]


def test_the_report_is_one_file_that_asks_nobody(made: Made) -> None:
    asked, decision, *_ = made
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRYDOCK_HOME", str(made[2]))
        html = report(asked, decision, load_comparison(RunStore(), made[3]))
    own = re.sub(r"<script>.*?</script>", "", html, count=1, flags=re.DOTALL)  # Plotly's own text names many addresses
    assert not re.search(r"""(src|href)=["'](https?:)?//""", own)
    assert html.count("Plotly.newPlot(") >= 3 + 5
    for statement in decision.words:
        assert statement.text.split(" (")[0].replace("&", "&amp;")[:40].split("'")[0] in html
    assert "--expect lambda" in html
    assert "@media print" in own
    assert 'onclick="print()"' in own
    assert "[[candidates]]" in html


def opened(made: Made, monkeypatch: pytest.MonkeyPatch, asked: Scenario) -> AppTest:
    _, _, folder, group = made
    monkeypatch.setenv("DRYDOCK_HOME", str(folder))

    def show() -> None:
        from dashboard.views.compare import Compare

        Compare().show()

    test = AppTest.from_function(show, default_timeout=60)
    for name, value in asked.to_query().items():
        test.query_params[name] = value
    test.query_params["run"] = group
    return test.run()


def test_the_page_says_the_decision_first(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, decision, *_ = made
    page = opened(made, monkeypatch, asked)
    assert not page.exception
    said = page.success[0].value.replace("\\", "")
    assert decision.words[0].text in said
    markdown = "\n".join(m.value for m in page.markdown).replace("\\", "")
    for card in decision.cards:
        assert card.title in markdown
    assert {"Copy servers", "Copy lambda"} <= {button.label for button in page.button}


def test_other_weights_ask_for_a_decision_and_not_for_a_measurement(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, *_ = made
    page = opened(made, monkeypatch, asked.evolve(weights={"latency": 1.0}))
    assert not page.exception
    assert "Decide" in {button.label for button in page.button}
    assert any("nothing is measured again" in info.value for info in page.info)
    assert not any("The set-up has changed" in warning.value for warning in page.warning)
    other = opened(made, monkeypatch, asked.evolve(seed=77))
    assert any("The set-up has changed" in warning.value for warning in other.warning)
    assert other.success, "the decision of what was measured is still shown"


def test_a_candidate_is_given_settings(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, *_ = made
    page = opened(made, monkeypatch, asked.duplicate("lambda"))
    assert not page.exception
    detail = next(s for s in page.selectbox if s.label == "Candidate to set")
    detail.set_value("lambda-2").run()
    next(n for n in page.number_input if n.label == "Provisioned").set_value(2).run()
    assert not page.exception
    assert _flat(page)["candidates.3.settings.provisioned"] == "2"
    rebuilt, problems = Scenario.from_query(_flat(page))
    assert not problems
    assert rebuilt.candidate("lambda-2").settings == {"provisioned": 2}
    assert Scenario.from_toml(rebuilt.to_toml()) == rebuilt


def test_the_whole_dealership_is_chosen_and_each_strategy_has_its_form(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(made, monkeypatch, Scenario.default().evolve(application="dealership"))
    assert not page.exception
    assert next(s for s in page.selectbox if s.label == "Application").value == "dealership"
    assert [t.value for t in page.text_input if t.label == "Form"] == ["monolith", "microservices"]
    rebuilt, problems = Scenario.from_query(_flat(page))
    assert not problems
    assert (rebuilt.application, [c.architecture for c in rebuilt.candidates]) == (
        "dealership", ["monolith", "microservices"]
    )  # fmt: skip


def _flat(page: AppTest) -> dict[str, str]:
    """The address as one value a name."""
    found = {}
    for name in page.query_params:
        if name not in ("run", "picture", "chart", "repetition"):
            value = page.query_params[name]
            found[name] = value[0] if isinstance(value, list) else value
    return found
