"""One HTML file with everything about a decision: words, cards, interactive plots, bills, risks and the scenario.

It asks nothing of any network: Plotly's library is in the file. Opened without JavaScript, the text and the tables
under each plot say the same. Its button prints it, or saves it as a PDF, by the browser's own means.
"""

from collections.abc import Callable, Iterator, Mapping
from html import escape

import pandas as pd
import plotly.io as pio
from plotly.offline import get_plotlyjs

from dashboard.charts.chart import Chart
from dashboard.comparing.pictures import CHARTS, charts_of, latency_charts
from dashboard.comparing.scorecards import whole_table
from data.estimates import as_text
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison
from simulators.decision.decision import Decision
from simulators.decision.record import command
from simulators.decision.scorecard import Scorecard
from simulators.decision.text import card_rows, headings

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #0a1016; background: #fff; margin: 0 auto; max-width: 70rem;
  padding: 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-size: .9rem; }
th, td { border: 1px solid #8a96a3; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.wide { overflow-x: auto; }
.wide th, .wide td { min-width: 6.5rem; }
.chosen { border-left: .4rem solid #009E73; padding: .5rem 1rem; background: #f2f5f8; }
pre { background: #f2f5f8; padding: 1rem; overflow-x: auto; }
h1, h2, h3, li, p { overflow-wrap: anywhere; }
.print { font: inherit; padding: .4rem .8rem; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  .print, .modebar, summary { display: none; }
  .wide, pre { overflow: visible; }
  .wide th, .wide td { min-width: 0; }
  pre { white-space: pre-wrap; }
  table { font-size: 7.5pt; }
  h2, h3, h3 + p { break-after: avoid; }
  tr, [role=figure] { break-inside: avoid; }
}
"""
_PRINTED_PX = 1_000
"""What fits across an A4 page that lies on its side."""
_PRINTING = f"""
addEventListener("beforeprint", () => {{
  document.querySelectorAll("details.risks:not([open])").forEach(each => {{
    each.open = true;
    each.dataset.opened = "";
  }});
  document.querySelectorAll(".js-plotly-plot").forEach(each => Plotly.relayout(each, {{ width: {_PRINTED_PX} }}));
}});
addEventListener("afterprint", () => {{
  document.querySelectorAll("details[data-opened]").forEach(each => {{
    each.open = false;
    delete each.dataset.opened;
  }});
  const asBefore = {{ width: null, autosize: true }};
  document.querySelectorAll(".js-plotly-plot").forEach(each => Plotly.relayout(each, asBefore));
}});
"""
"""On paper nothing can be opened, and a plot is as wide as the page."""
_CONFIG = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}
"""The button that saves a plot as a PNG stays; it works in the browser, without a server."""


def report(scenario: Scenario, decision: Decision, results: Comparison | None = None) -> str:
    """The whole file; with the runs behind the decision, their latencies too."""
    title = escape(scenario.title or scenario.name)
    head = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style><script>{get_plotlyjs()}</script><script>{_PRINTING}</script></head><body>"
    )
    return head + "\n".join(_parts(scenario, decision, results, title)) + "</body></html>\n"


def _parts(scenario: Scenario, decision: Decision, results: Comparison | None, title: str) -> Iterator[str]:
    yield f"<main><h1>{title}</h1>"
    yield '<button type="button" class="print" onclick="print()">Print, or save as PDF</button>'
    yield f'<p class="chosen"><strong>{escape(decision.words[0].text)}</strong></p>'
    yield _list([statement.text for statement in decision.words[1:]])
    yield "<h2>Candidates</h2>"
    yield _rows(scenario, decision)
    yield from _plots(charts_of(scenario, decision))
    if results is not None:
        yield "<h2>Latency</h2>"
        yield from _plots(latency_charts(results))
    yield "<h2>Bills</h2>"
    for card in decision.cards:
        yield from _bill(card)
    yield "<h2>Risks</h2>"
    for card in decision.cards:
        yield from _risks(card)
    yield "<h2>Every figure</h2>"
    yield _table(whole_table(scenario, decision).set_index("candidate").T)
    yield "<h2>How to check it again</h2>"
    yield f"<p>Save the scenario as <code>{escape(scenario.name)}.toml</code> and run:</p>"
    yield f"<pre>{escape(command(scenario, decision))}</pre>"
    yield f"<h3>Scenario</h3><pre>{escape(scenario.to_toml())}</pre></main>"


def _plots(charts: Mapping[str, Callable[[], Chart | None]]) -> Iterator[str]:
    for name, draw in charts.items():
        chart = draw()
        if chart is not None:
            yield f"<h3>{escape(name)}</h3><p>{escape(CHARTS.get(name, ''))}</p>"
            yield _plot(chart, f"plot-{name.lower().replace(' ', '-')}")


def _plot(chart: Chart, element: str) -> str:
    drawn = pio.to_html(chart.figure, include_plotlyjs=False, full_html=False, config=_CONFIG, div_id=element)
    table = _table(chart.table)
    return (
        f'<div role="figure" aria-label="{escape(chart.alt)}">{drawn}</div><p>{escape(chart.alt)}</p>'
        f"<details><summary>The numbers</summary>{table}</details>"
    )


def _rows(scenario: Scenario, decision: Decision) -> str:
    names = headings(scenario, decision)
    rows = [{title: getattr(row, field) for field, title in names.items()} for row in card_rows(scenario, decision)]
    return _table(pd.DataFrame(rows).set_index(names["name"]))


def _bill(card: Scorecard) -> Iterator[str]:
    if card.cost is None:
        yield f"<h3>{escape(card.name)}</h3><p>{escape('; '.join(card.missing) or 'Its bill is not known.')}</p>"
        return
    yield f"<h3>{escape(card.name)}: {card.cost.usd_per_month.value:,.2f} USD a month</h3>"
    yield _table(
        pd.DataFrame([{"part": x.part, "arithmetic": x.arithmetic} for x in card.cost.lines]).set_index("part")
    )


def _risks(card: Scorecard) -> Iterator[str]:
    if card.risk:
        rows = [
            {"figure": r.title, "value": as_text(r.estimate), "how": f"{r.basis}: {r.how}"} for r in card.risk.values()
        ]
        table = _table(pd.DataFrame(rows).set_index("figure"))
        yield f'<h3>{escape(card.name)}</h3><details class="risks"><summary>Its risks</summary>{table}</details>'


def _list(texts: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def _table(frame: pd.DataFrame) -> str:
    # What lines or columns are stands in the corner, not in a row of its own.
    corner = frame.columns.name if frame.index.name is None else frame.index.name
    named = frame.rename_axis(None).rename_axis(None if corner is None else str(corner), axis="columns")
    html = named.to_html(na_rep="–", float_format=lambda v: f"{v:,.4g}", border=0)
    return f'<div class="wide" tabindex="0">{html}</div>'
