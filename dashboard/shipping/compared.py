"""The files to ship what was compared: the model that answered, the chosen candidate first, limits from its runs."""

import streamlit as st

from dashboard.shipping.section import shipping
from data.errors import DrydockError
from simulators.comparison.comparison import Comparison
from strategies.packaging.package import ModelPackage
from strategies.packaging.shelf import find_package


def shipping_of_comparison(comparison: Comparison, chosen: str, rate_rps: float) -> None:
    """The section for a comparison's candidates; nothing where its model is not on the shelf any more.

    Parameters
    ----------
    chosen
        Name of the candidate to begin with; empty begins with the scenario's first.
    rate_rps
        The forecast.
    """
    from simulators.shipping import Resources

    package = _answered(comparison)
    if package is None:
        return
    results = sorted(comparison.results, key=lambda result: result.candidate.name != chosen)
    needs = {
        result.candidate.name: Resources.of_summary(result.summary, rate_rps, result.candidate.workers)
        for result in results
        if result.summary is not None
    }
    candidates = [result.candidate for result in results]
    shipping(package, candidates, comparison.scenario.slo, rate_rps, needs)
    if comparison.scenario.application != "model":
        st.caption(
            "The files ship the model under the candidate's strategy, with limits that were measured of the whole "
            "application; the application's other components are not among them."
        )


def _answered(comparison: Comparison) -> ModelPackage | None:
    """The package whose version answered."""
    for version in comparison.models:
        try:
            return find_package(version)
        except DrydockError:
            continue
    return None
