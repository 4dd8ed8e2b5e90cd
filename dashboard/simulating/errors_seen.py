"""How wrong predictions were on this machine: the whole fidelity report."""

import streamlit as st

from dashboard.charts.fidelity import TITLES, fidelity_chart
from dashboard.parts.chart import show_chart
from dashboard.parts.tables import plain, show_rows
from data.errors import DrydockError
from simulators.fidelity.report import HARDLY, FidelityReport, Total
from simulators.whatif.trust import fidelity_report

_COMMAND = "python -m simulators.fidelity"


def errors_seen() -> None:
    """Predicted against measured, and each figure's median error."""
    with st.expander("How wrong predictions were on this machine", icon=":material/fact_check:"):
        try:
            report = fidelity_report()
        except DrydockError as error:
            st.error(plain(error), icon=":material/error:")
            return
        if report is None or not report.cells:
            st.markdown(
                "Nothing was compared here yet. This deploys a model in every way, calibrates, and predicts runs that "
                "it was not calibrated with. It takes about 70 minutes and wants the machine for itself; with "
                "`--quick` it takes about ten, and tells less:"
            )
            st.code(_COMMAND, language=None, wrap_lines=True)
            return
        _report(report)


@st.fragment
def _report(report: FidelityReport) -> None:
    st.markdown(
        f"Measured on {report.made_at[:10]}: real deployments at loads that they were not calibrated with. A "
        "prediction here makes up for what the model got wrong at the loads on either side. Elsewhere in Drydock the "
        "model stands alone, and cannot know how slow the machine will be: the error quoted there is of such a "
        "prediction. A hollow point was itself measured too uncertainly to judge by; the grey band is what predictions "
        "aim at.",
        width=760,
    )
    name = st.radio("Figure", list(TITLES), format_func=TITLES.__getitem__, key="fidelity_figure", horizontal=True)
    chosen = name or "p50_ms"
    show_chart(fidelity_chart(report.cells, chosen), "fidelity")
    st.markdown("**Median error**, all deployments and loads together")
    show_rows([_row(total) for total in report.totals() if total.figure in TITLES], "figure")


def _row(total: Total) -> dict[str, str]:
    return {
        "figure": TITLES[total.figure],
        "predicted": _percent(total.median_error),
        "where certain": _percent(total.median_quiet),
        f"at loads from {HARDLY:.0%}": _percent(total.median_loaded),
        "by the model alone": _percent(total.median_bare),
        "not knowing how slow the machine was": _percent(total.median_blind),
        "without a model": _percent(total.median_naive),
        "aim": _percent(total.target),
        "uncertainty of what was measured": _percent(total.median_floor),
        "runs": f"{total.cells}, {total.noisy} of them too uncertain, {total.overloaded} more in overload",
    }


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{share:.1%}"
