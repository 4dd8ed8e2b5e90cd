"""The inputs of a decision: everything that was assumed, forecast or measured and could be different."""

from collections.abc import Iterator

from data.errors import DrydockError
from simulators.decision.question import Question
from simulators.decision.switches import Input


def inputs_of(question: Question) -> tuple[Input, ...]:
    """Every input that this decision depends on; those that touch no candidate are left out."""
    return tuple(_inputs(question))


def _inputs(question: Question) -> Iterator[Input]:
    scenario, costed = question.scenario, [o.cost for o in question.options if o.cost is not None]
    if costed:
        yield Input("traffic", "Traffic", scenario.forecast.rate_rps, "requests/s")
    works = [model.work for model in costed]
    if works:
        mean_ms = sum(work.service_s for work in works) / len(works) * 1e3
        yield Input("service_time", "Service time, mean of all candidates", mean_ms, "ms")
    if any(work.init_s and model.shape.platform in ("functions", "endpoint_functions")
           for work, model in zip(works, costed, strict=True)):  # fmt: skip
        yield Input("cold_start", "Cold start", max(work.init_s for work in works), "s")
    payload = scenario.cost.payload_bytes
    size = payload if payload is not None else max((work.payload_bytes for work in works), default=0)
    if size:
        yield Input("payload", "Payload of a request and its answer", float(size), "bytes")
    yield from _prices(question)
    if any(model.shape.staff_hours for model in costed) or any(m.prices.machines for m in costed):
        yield Input("staff", "An hour of operating work", scenario.cost.staff_usd_per_hour, "USD")
    if scenario.cost.headroom_share and any(model.shape.busy_share is None for model in costed):
        yield Input("headroom", "Headroom of fixed machines", scenario.cost.headroom_share, "share")
    yield Input("slo", "Latency promised", scenario.slo.latency_ms, "ms")
    if scenario.budget.usd_per_month is not None:
        yield Input("budget", "Budget", scenario.budget.usd_per_month, "USD/month")
    yield from _weights(question)
    yield from _faults(question)


def _prices(question: Question) -> Iterator[Input]:
    """Each price that is on somebody's bill."""
    seen: set[str] = set()
    for option in question.options:
        if option.cost is None:
            continue
        try:
            lines = option.cost.bill().lines
        except DrydockError:
            continue
        for line in lines:
            price = option.cost.prices.prices.get(line.price_id)
            if price is not None and price.usd and line.usd and price.id not in seen:
                seen.add(price.id)
                yield Input(f"price:{price.id}", f"Price: {price.item}", float(price.usd), f"USD per {price.unit}")


def _weights(question: Question) -> Iterator[Input]:
    weights = question.scenario.weights
    given = {"latency": weights.latency, "cost": weights.cost, "risk": weights.risk}
    used = {axis: value for axis, value in given.items() if value > 0}
    if len(used) > 1:
        for axis, value in used.items():
            yield Input(f"weight:{axis}", f"Weight of {axis}", value, "")


def _faults(question: Question) -> Iterator[Input]:
    """How often things fail, altogether; and each of them, where risk has a weight or a limit."""
    parts = [part for option in question.options for part in (option.risk, option.missed) if part is not None]
    names = sorted({name for part in parts for name in part.faults})
    if names:
        yield Input("faults", "How often anything fails", 1.0, "times as often")
    scenario = question.scenario
    if scenario.weights.risk or scenario.budget.max_slo_missed_min_per_month is not None:
        for name in names:
            yield Input(f"fault:{name}", f"How often: {name.replace('_', ' ')}", 1.0, "times as often")
