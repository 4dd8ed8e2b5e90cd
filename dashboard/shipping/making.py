"""Making the files once for each choice, however often the page is drawn."""

from pathlib import Path

import streamlit as st

from data.scenario import Candidate, Slo
from simulators.shipping import Resources, Shipment, Shipped, ship
from strategies.packaging.package import ModelPackage


@st.cache_data(max_entries=8, show_spinner="Writing the files …")
def files_of(folder: str, candidate: str, slo: str, resources: Resources, rate_rps: float, registry: str) -> Shipped:
    """The files of a package in `folder`; candidate and SLO as JSON. Nothing else decides what is in them."""
    shipment = Shipment(
        ModelPackage.open(Path(folder)), Candidate.model_validate_json(candidate), Slo.model_validate_json(slo),
        resources, rate_rps, registry,
    )  # fmt: skip
    return ship(shipment)
