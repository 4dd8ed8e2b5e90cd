"""What came of a release, measured beside simulated."""

from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st

from dashboard.charts.release_evidence import release_evidence
from dashboard.charts.release_harm import KINDS, release_harm
from dashboard.charts.release_shares import decisions, release_shares
from dashboard.parts.chart import show_chart
from dashboard.parts.tables import plain, show_frame, show_rows
from data.estimate import Estimate
from data.estimates.text import as_text, digits
from strategies.releases.choices import policies
from strategies.releases.faults._choosing import faults
from strategies.releases.outcome.words import span, verdict_in_words

Record = Mapping[str, Any]
_BADGES: dict[str, tuple[Literal["green", "red", "orange"], str]] = {
    "promote": ("green", ":material/check:"), "roll back": ("red", ":material/undo:"),
    "inconclusive": ("orange", ":material/question_mark:"), "hold": ("orange", ":material/question_mark:"),
}  # fmt: skip


def show_results(live: Record | None, simulated: Record | None) -> None:
    """Both worlds beside each other, and the harm of both in one chart."""
    shown = {"measured": live, "simulated": simulated}
    found = {origin: record for origin, record in shown.items() if record is not None}
    for place, (origin, record) in zip(st.columns(len(found)), found.items(), strict=True):
        with place:
            _show(origin, record)
    until_s = max(_until_s(record) for record in found.values())
    if live is not None:
        show_report(live)
    st.markdown("**Bad answers of the new version**: failed, wrong or late")
    logs = {origin: record["log"] for origin, record in found.items()}
    caption = "One simulated release of many." if simulated else ""
    ends = {origin: bad_of(record["outcome"]) for origin, record in found.items()}
    show_chart(release_harm(logs, ends, until_s), "release-harm", caption=f"{caption} {_spread(simulated)}".strip())
    for origin, record in found.items():
        with st.expander(f"Every decision, {origin} ({len(record['log']):,})", icon=":material/list:"):
            show_frame(decisions(record["log"], all_of_them=True))


def _show(origin: str, record: Record) -> None:
    log, outcome = record["log"], record["outcome"]
    policy = policies()[record["policy"]["policy"]].title
    head, why = verdict_in_words(log, outcome)
    colour, icon = _BADGES[outcome["verdict"]]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(origin, color="blue" if origin == "measured" else "violet")
        st.badge(head, color=colour, icon=icon)
    st.markdown(f"**{policy}, {plain(faults()[record['plan']['fault']].title.lower())}.** {plain(why)}")
    st.markdown(_harm(outcome, "rows" if record["plan"].get("where") == "batch" else "requests"))
    for problem in record.get("problems", ()):
        st.warning(plain(problem), icon=":material/report:")
    show_chart(release_shares(log, _until_s(record)), f"{origin}-shares")
    if any(entry["evidence"] for entry in log):
        show_chart(release_evidence(log, _until_s(record)), f"{origin}-evidence")
    if consumers := log[-1].get("consumers"):
        served = sum(version == record["fault"]["version"] for version in consumers.values())
        most = max(sum(v == record["fault"]["version"] for v in entry["consumers"].values()) for entry in log)
        st.markdown(f"Of {len(consumers)} consumers {most} at most served the new version, {served} at the verdict.")
    st.caption(_told(origin, record))


def _harm(outcome: Mapping[str, Any], unit: str) -> str:
    bad = bad_of(outcome)
    return (
        f"{outcome['requests']:,} {unit}; the new version answered {outcome['served_new']:,}, of which **{bad:,} "
        f"were bad** ({outcome['failed']:,} failed, {outcome['wrong']:,} wrong, {outcome['late']:,} late). "
        f"{outcome['users_touched']:,} {'users' if unit == 'requests' else unit} met it. "
        f"{outcome['dropped']:,} {unit} got no answer."
    )


def bad_of(outcome: Mapping[str, Any]) -> int:
    """Failed, wrong and late answers of the new version."""
    return sum(int(outcome[kind]) for kind in KINDS)


def _until_s(record: Record) -> float:
    last_s = float(record["log"][-1]["now_s"])
    return max(last_s * 1.05, min(float(record["plan"]["duration_s"]), last_s * 4), 1.0)


def _told(origin: str, record: Record) -> str:
    plan = record["plan"]
    about = (
        f"{plan['model']} {plan['version']}, {digits(plan['rate_rps'])} requests per s for {span(plan['duration_s'])}"
    )
    if origin == "measured":
        settings = ", ".join(f"{k} {digits(v)}" for k, v in record["fault"]["settings"].items())
        return plain(f"Real processes on this machine; {about}. Fault: {settings or 'its defaults'}.")
    measured = record["world"]["measured"]
    laws = "latencies as the live release measured them" if measured["old"] else "latencies assumed around 3 ms"
    return plain(f"Of {record['releases']:,} simulated releases, the first; {about}; {laws}.")


def _spread(simulated: Record | None) -> str:
    if simulated is None:
        return ""
    bad = simulated["policies"][0]["figures"]["bad"]
    return (
        f"Over {bad['n']:,} simulated releases {digits(bad['mean'])} bad answers in the mean; 95% of them between "
        f"{digits(bad['low'])} and {digits(bad['high'])}."
    )


def show_report(record: Record) -> None:
    """Where two versions disagree over the rows of a batch."""
    report = record.get("report")
    if report is None:
        return
    st.markdown("**Disagreement report**: rows that both versions predicted")
    st.markdown(
        f"They differ on {as_text(Estimate(**report['disagreed']))} of {report['compared']:,} rows. "
        f"{record['taken_back']:,} answers of the new version were taken back before anybody saw them."
    )
    if report["moves"]:
        show_rows([{"from → to": f"{old} → {new}", "rows": f"{n:,}"} for old, new, n in report["moves"]], "from → to")
    if report["segments"]:
        st.markdown("Rows among which they differ most")
        show_rows(
            [
                {
                    "rows with": f"{part['feature']} {part['values']}",
                    "rows": f"{part['rows']:,}",
                    "differ": f"{part['disagreed'] / part['rows']:.1%}",
                }
                for part in report["segments"]
            ],
            "rows with",
        )
    if report["largest"]:
        st.caption(f"The largest difference is {digits(report['largest'])}.")
