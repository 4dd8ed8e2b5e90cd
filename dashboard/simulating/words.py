"""A plan in words and as a table: the same as its drawing, for whoever cannot see it."""

import pandas as pd

from dashboard.simulating.layout import USER, Drawing, milliseconds
from simulators.plan import PerRequest, Plan, Scaling, Unit
from simulators.plan.faults import Fault, Kill
from simulators.plan.scaling import Autoscaled
from simulators.plan.stations import Station


def in_words(plan: Plan, drawing: Drawing, bottleneck: str = "") -> str:
    """What is deployed, who calls whom, and what goes wrong."""
    stations = "; ".join(f"{s.name}, {_replicas(plan.unit_of[s.name].scaling)}, {_workers(s)}" for s in plan.stations)
    calls = "; ".join(
        f"{'users' if call.start == USER else call.start} to {call.end}{f' ({call.said})' if call.said else ''}"
        for call in drawing.calls
    )
    faults = "".join(f" {fault_in_words(fault)}" for fault in plan.faults)
    hot = f" The busiest station is {bottleneck}." if bottleneck else ""
    return f"Stations: {stations}. Requests go from {calls}.{faults}{hot}"


def fault_in_words(fault: Fault) -> str:
    """What goes wrong, and when."""
    if isinstance(fault, Kill):
        who = "All replicas" if fault.replica is None else "One replica"
        return f"{who} of {fault.unit} die at {fault.at_s:,.0f} s and begin to start again {fault.down_s:,.0f} s later."
    return (
        f"{fault.station} takes {fault.factor:.2g} times as long from {fault.from_s:,.0f} s to {fault.until_s:,.0f} s."
    )


def as_table(plan: Plan) -> pd.DataFrame:
    """A line a station."""
    rows = [_row(plan.unit_of[station.name], station) for station in plan.stations]
    return pd.DataFrame(rows).set_index("station")


def _row(unit: Unit, station: Station) -> dict[str, str]:
    return {
        "station": station.name,
        "replicas": _replicas(unit.scaling),
        "workers": _workers(station),
        "may wait": "any number" if station.queue_limit is None else f"{station.queue_limit:,}",
        "mean service": milliseconds(station.service),
        "balancing": unit.balancing.replace("_", " "),
        "start-up": milliseconds(unit.start_up) if unit.start_up else "at once",
    }


def _replicas(scaling: Scaling) -> str:
    if isinstance(scaling, PerRequest):
        return f"an instance a request, at most {scaling.concurrency:,}"
    if isinstance(scaling, Autoscaled):
        return f"{scaling.minimum} to {scaling.maximum} replicas, scaled by {scaling.metric.replace('_', ' ')}"
    return "1 replica" if scaling.replicas == 1 else f"{scaling.replicas} replicas"


def _workers(station: Station) -> str:
    if station.workers is None:
        return "shared processor"
    turns = " in turns" if station.batching is not None else ""
    return f"{station.workers} worker{'s' if station.workers > 1 else ''}{turns} each"
