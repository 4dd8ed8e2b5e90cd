"""How far each input is from flipping the choice."""

import math

import pandas as pd

from dashboard.charts.chart import COLOURS, GUIDE, Chart, figure
from data.estimates.text import digits
from simulators.decision.decision import Decision
from simulators.decision.switches import Flip, Switch

_MOST = 14


def tornado(decision: Decision) -> Chart:
    """A bar an input, from the factor at which it flips the choice when it falls to that when it rises; the nearest on
    top. An open end means that nothing flips it in that direction."""
    shown = [flip for flip in decision.flips if flip.nearest is not None][:_MOST][::-1]
    drawn = figure("Times its present value (logarithmic)", "", height=120 + 44 * max(len(shown), 2))
    furthest = max((abs(math.log10(s.factor)) for f in shown for s in (f.down, f.up) if s), default=1.0)
    reach = min(max(furthest, 0.1), 3.0) * 1.4
    for place, flip in enumerate(shown):
        for switch, colour in ((flip.down, COLOURS[1]), (flip.up, COLOURS[0])):
            _half(drawn, place, flip, switch, colour, reach)
        # Above its bar rather than beside it: on a narrow screen both have the whole width.
        drawn.add_annotation(text=_label(flip), x=0, xref="paper", xanchor="left", y=place, yshift=17, showarrow=False)
    drawn.add_vline(x=1, line={"color": GUIDE, "width": 2})
    steps = (0.001, 0.01, 0.1, 1, 10, 100, 1_000) if reach > 1 else (0.1, 0.2, 0.5, 1, 2, 5, 10)
    ticks = [t for t in steps if abs(math.log10(t)) <= reach]
    drawn.update_xaxes(
        type="log", range=[-reach, reach], tickmode="array", tickvals=ticks, ticktext=[f"×{t:g}" for t in ticks]
    )
    drawn.update_yaxes(showticklabels=False, range=[-0.5, max(len(shown), 1) - 0.2], showgrid=False, showline=False)
    return Chart(drawn, _alt(decision), _table(decision))


def _half(drawn: object, place: int, flip: Flip, switch: Switch | None, colour: str, reach: float) -> None:
    if switch is None:
        return
    at = 10 ** max(min(math.log10(switch.factor), reach), -reach)
    to = switch.to or "nobody"
    value = f"{digits(switch.value)} {flip.input.unit}".strip()
    drawn.add_scatter(  # type: ignore[attr-defined]
        x=[1, at],
        y=[place, place],
        mode="lines+markers",
        line={"color": colour, "width": 14},
        marker={"size": [0, 14], "symbol": "line-ns-open", "line": {"width": [0, 3], "color": colour}},
        cliponaxis=False,
        hovertemplate=f"{flip.input.title}: at {value} (×{switch.factor:.3g}) the choice becomes {to}<extra></extra>",
    )


def _label(flip: Flip) -> str:
    """The input, and who is chosen beyond either end of its bar."""
    ends = [f"{way} {switch.to or 'nobody'}" for way, switch in (("←", flip.down), ("→", flip.up)) if switch]
    return "  ".join([f"{_short(flip.input.title)}:", *ends])


def _short(title: str, most: int = 26) -> str:
    return title if len(title) <= most else f"{title[: most - 1]}…"


def _alt(decision: Decision) -> str:
    near = [flip for flip in decision.flips if flip.nearest is not None]
    if not near:
        return "No input flips the choice, moved by a factor of up to 1,000."
    said = "; ".join(
        f"{flip.input.title} at {digits(flip.nearest.value)} {flip.input.unit} to {flip.nearest.to or 'nobody'}"
        for flip in near[:5]
        if flip.nearest
    )
    never = len(decision.flips) - len(near)
    return f"How far each input is from flipping the choice, the nearest first: {said}. {never} inputs never flip it."


def _table(decision: Decision) -> pd.DataFrame:
    rows = [
        {
            "input": flip.input.title,
            "now": f"{digits(flip.input.now)} {flip.input.unit}".strip(),
            "falls to": _said(flip.down),
            "rises to": _said(flip.up),
            "distance": "never" if flip.nearest is None else f"×{math.exp(flip.distance):.3g}",
        }
        for flip in decision.flips
    ]
    columns = ["input", "now", "falls to", "rises to", "distance"]
    return pd.DataFrame(rows, columns=columns).set_index("input")


def _said(switch: Switch | None) -> str:
    return "never" if switch is None else f"{digits(switch.value)}: {switch.to or 'nobody'}"
