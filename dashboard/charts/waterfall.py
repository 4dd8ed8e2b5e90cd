"""One request from sending to answer: what it waited for, who served it, what was on the way."""

import math

import pandas as pd

from dashboard.charts.chart import Chart, figure, legend
from data.estimates.text import digits
from simulators.whatif.one_request import OneRequest

_KINDS = {
    "on the way or delayed": ("#8a96a3", "/"),
    "waits": ("#D55E00", "x"),
    "is served": ("#0072B2", ""),
}
"""What happens to it: colour and pattern, so that none rests on colour alone."""
_ROW_PX = 34


def waterfall_chart(request: OneRequest, name: str) -> Chart:
    """A bar a visit, from left to right in time."""
    visits = [f"{i + 1}. {span.station}" for i, span in enumerate(request.spans)]
    drawn = figure("Milliseconds since it was due", "", height=130 + _ROW_PX * max(len(visits), 1))
    rows = []
    for visit, span in zip(visits, request.spans, strict=True):
        served = not math.isnan(span.start_s)
        left_s = span.arrive_s if math.isnan(span.end_s) else span.end_s
        begun_s = span.start_s if served else left_s
        moments = [("on the way or delayed", span.sent_s, span.arrive_s), ("waits", span.arrive_s, begun_s)]
        moments += [("is served", begun_s, left_s), ("on the way or delayed", left_s, span.back_s)]
        rows += [(visit, kind, (a - request.scheduled_s) * 1e3, (b - a) * 1e3) for kind, a, b in moments if b > a]
    for kind, (colour, pattern) in _KINDS.items():
        own = [row for row in rows if row[1] == kind]
        drawn.add_bar(
            y=[row[0] for row in own],
            base=[row[2] for row in own],
            x=[row[3] for row in own],
            name=kind,
            orientation="h",
            marker={"color": colour, "pattern": {"shape": pattern, "size": 6}, "line": {"color": colour, "width": 1}},
            hovertemplate=f"%{{y}} {kind}: %{{x:.3g}} ms<extra></extra>",
        )
    drawn.update_layout(barmode="overlay", bargap=0.35)
    drawn.update_yaxes(categoryorder="array", categoryarray=visits[::-1], showgrid=False)
    drawn.update_xaxes(rangemode="tozero", nticks=6)
    legend(drawn)
    return Chart(drawn, _said(request, name), _table(request))


def _said(request: OneRequest, name: str) -> str:
    parts = []
    for span in request.spans:
        waited = (span.start_s - span.arrive_s) * 1e3 if not math.isnan(span.start_s) else math.nan
        served = (span.end_s - span.start_s) * 1e3
        cold = ", after a cold start" if span.cold else ""
        text = f"waits {digits(waited)} ms and is served {digits(served)} ms" if math.isfinite(waited) else "is refused"
        parts.append(f"{span.station}: {text}{cold}")
    return (
        f"Simulated. The {name} request, number {request.number:,}, due at {request.scheduled_s:,.2f} s, took "
        f"{digits(request.latency_ms)} ms. {'; '.join(parts)}."
    )


def _table(request: OneRequest) -> pd.DataFrame:
    rows = [
        {
            "visit": f"{i + 1}. {span.station}",
            "sent (ms)": _ms(span.sent_s - request.scheduled_s),
            "waits (ms)": _ms(span.start_s - span.arrive_s),
            "is served (ms)": _ms(span.end_s - span.start_s),
            "back (ms)": _ms(span.back_s - request.scheduled_s),
            "replica": str(span.replica),
            "parts of its service (ms)": ", ".join(f"{name} {_ms(seconds)}" for name, seconds in span.parts),
        }
        for i, span in enumerate(request.spans)
    ]
    return pd.DataFrame(rows).set_index("visit") if rows else pd.DataFrame(index=pd.Index([], name="visit"))


def _ms(seconds: float) -> str:
    return digits(seconds * 1e3) if math.isfinite(seconds) else "never"
