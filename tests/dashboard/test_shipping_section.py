"""The section for candidates that were compared, without a browser."""

from streamlit.testing.v1 import AppTest

from strategies.packaging.package import ModelPackage

PAGE = """
from pathlib import Path
from dashboard.shipping.section import shipping
from data.scenario import Candidate, Slo
from simulators.shipping import Resources
from strategies.packaging.package import ModelPackage

chosen = Candidate(name="served", strategy="api", workers=3)
other = Candidate(name="within", strategy="embedded")
needs = {"served": Resources.measured(0.004, 100 << 20, 50.0, 3)}
shipping(ModelPackage.open(Path(%r)), [chosen, other], Slo(latency_ms=30.0), 50.0, needs)
"""


def test_the_chosen_candidate_is_shipped_with_what_it_was_measured_to_need(tumour_forest: ModelPackage) -> None:
    page = AppTest.from_string(PAGE % str(tumour_forest.folder), default_timeout=120).run()
    assert not page.exception
    assert not page.expander  # nothing is written before somebody asks for it
    page.button[0].click().run()
    assert not page.exception
    assert {expander.label for expander in page.expander} >= {"Container image", "Kubernetes manifests"}
    said = " ".join(text.value for text in page.markdown)
    assert "0.15 processors" in said
    assert "4 ms of processor" in said
    page.selectbox(key="ship_candidate").set_value("within").run()
    assert not page.exception
    assert [expander.label for expander in page.expander] == ["Python package"]
    assert "nothing was measured" in " ".join(text.value for text in page.markdown)
