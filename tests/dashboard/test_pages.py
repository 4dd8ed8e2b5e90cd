"""The pages without a browser: what they show for an empty, a filled and a broken state folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.views.contract import View
from data.discovery import kinds
from strategies.training.job import run_training
from strategies.training.report import REPORT

PAGES = list(kinds("dashboard.views", View))
Open = Callable[..., AppTest]


@pytest.fixture
def open_page(home: Path) -> Open:  # noqa: ARG001 - every page looks into a state folder of its own
    def opened(name: str, **parameters: str) -> AppTest:
        def page(name):
            from dashboard.views.contract import View
            from data.discovery import kinds

            kinds("dashboard.views", View)[name]().show()

        test = AppTest.from_function(page, args=(name,), default_timeout=60)
        for key, value in parameters.items():
            test.query_params[key] = value
        return test.run()

    return opened


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with one small model of the tumours."""
    folder = tmp_path_factory.mktemp("shelf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRYDOCK_HOME", str(folder))
        run_training({"data": "tumour", "algorithm": "logistic", "track": False})
    return folder


@pytest.fixture
def trained(home: Path, shelf: Path) -> str:
    """Version of that model, in the test's own state folder."""
    shutil.copytree(shelf / "packages", home / "packages")
    return next(path.name for path in (home / "packages").iterdir())


def texts(page: AppTest) -> str:
    return "\n".join(
        str(e.value) for kind in (page.markdown, page.info, page.warning, page.error, page.title) for e in kind
    )


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_with_nothing_there(open_page: Open, name: str) -> None:
    page = open_page(name)
    assert not page.exception
    assert not page.error
    assert len(page.title) == 1


@pytest.mark.parametrize("name", PAGES)
def test_every_page_survives_nonsense_in_its_address(open_page: Open, name: str) -> None:
    nonsense = {"run": "nobody", "job": "none", "package": "x", "dataset": "../..", "seed": "-1", "chart": "pie"}
    page = open_page(name, **nonsense, **{"slo.latency_ms": "NaN", "workload.kind": "tsunami", "candidates": "99"})
    assert not page.exception


def test_every_page_has_a_place_of_its_own() -> None:
    orders = [view.order for view in kinds("dashboard.views", View).values()]
    assert len(set(orders)) == len(orders)


def test_deploy_says_what_to_do_first(open_page: Open) -> None:
    assert "Train one first" in texts(open_page("deploy"))


def test_deploy_offers_every_strategy_but_the_harness(open_page: Open, trained: str) -> None:  # noqa: ARG001
    labels = [button.label for button in open_page("deploy").button]
    assert {"Start API", "Start Embedded"} <= set(labels)
    assert not any("Null" in label for label in labels)


def test_train_shows_a_package_with_its_scores_and_parity(open_page: Open, trained: str) -> None:
    page = open_page("train", package=trained)
    assert not page.exception
    assert "held-out rows it answers as the trained pipeline does" in texts(page)
    assert [tab.label for tab in page.tabs][:4] == ["Scores", "Mistakes", "Calibration", "Threshold"]
    scores = page.table[0].value
    assert "this model" in scores.columns
    assert "ROC-AUC" in "".join(scores.index).replace("\\", "")


def test_the_threshold_follows_the_slider(open_page: Open, trained: str) -> None:
    page = open_page("train", package=trained)
    slider = next(s for s in page.slider if "threshold" in s.label)
    slider.set_value(0.9).run()
    assert not page.exception
    assert slider.value == 0.9


def test_train_refuses_costs_that_are_both_nothing(open_page: Open) -> None:
    page = open_page("train")
    for control in page.number_input:
        if "cost" in control.label:
            control.set_value(0.0)
    next(b for b in page.button if b.label == "Train").click()
    page.run()
    assert not page.exception
    assert any("must" in error.value for error in page.error)


def test_looking_at_the_data_shows_what_it_found(open_page: Open) -> None:
    page = open_page("train", dataset="tumour")
    next(t for t in page.toggle if t.label == "Look at the data").set_value(True)
    page.run()
    assert not page.exception
    assert "No value is missing" in texts(page)
    assert "Numbers far from the others" in texts(page)


def test_a_broken_package_is_explained_and_not_fatal(open_page: Open, trained: str, home: Path) -> None:
    served = next((home / "packages" / trained).glob("model.*"))
    served.write_bytes(b"not what was packaged")
    page = open_page("train", package=trained)
    assert not page.exception


def test_compare_reads_its_address(open_page: Open) -> None:
    page = open_page("compare", seed="5", **{"slo.latency_ms": "20", "candidates.2.workers": "3"})
    assert not page.exception
    by_label = {control.label: control.value for control in page.number_input}
    assert by_label["Seed"] == 5
    assert by_label["Latency (ms)"] == 20
    assert [c.value for c in page.number_input if c.label == "Workers"] == [1, 3]


def test_compare_explains_what_a_link_has_wrong(open_page: Open) -> None:
    page = open_page("compare", seed="soon", bogus="1")
    told = "\n".join(warning.value for warning in page.warning)
    assert "seed" in told
    assert "bogus" in told


def test_a_control_changes_the_address_and_a_wrong_value_does_not(open_page: Open) -> None:
    page = open_page("compare")
    next(c for c in page.number_input if c.label == "Seed").set_value(12)
    page.run()
    assert page.query_params["seed"] == "12"
    next(c for c in page.text_input if c.label == "Name").set_value("NOT A NAME")
    page.run()
    assert any("The scenario stays as it was" in error.value for error in page.error)
    assert page.query_params["seed"] == "12"
    assert "candidates.1.name" not in page.query_params


@pytest.mark.parametrize("kind", ["spike", "closed_loop", "replay"])
def test_every_kind_of_traffic_can_be_chosen(open_page: Open, kind: str) -> None:
    page = open_page("compare")
    next(s for s in page.selectbox if s.label == "Kind of traffic").set_value(kind)
    page.run()
    assert not page.exception
    assert page.query_params["workload.kind"] == kind


def test_start_says_what_this_is_and_offers_one_press(open_page: Open) -> None:
    page = open_page("start")
    assert "before you choose" in texts(page)
    assert [button.label for button in page.button] == ["Run the comparison"]


def test_a_package_without_a_report_is_shown_as_what_it_is(open_page: Open, trained: str, home: Path) -> None:
    (home / "packages" / trained / REPORT).unlink()
    page = open_page("train", package=trained)
    assert not page.exception
    assert "not trained here" in " ".join(str(caption.value) for caption in page.caption)
