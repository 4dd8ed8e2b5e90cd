"""The share of simulated requests that were over within each latency, from counts in buckets."""

import numpy as np
import pandas as pd

from dashboard.charts.chart import Chart, figure, guide, line, look
from dashboard.charts.latency import logarithmic, milliseconds
from data.estimates.text import digits
from simulators.runs.latency import LatencySketch

_SHARES = (1, 10, 25, 50, 75, 90, 95, 99, 99.9)


def simulated_ecdf(latency: LatencySketch, slo_ms: float) -> Chart:
    """Of requests that ended well; the dashed line is the SLO."""
    drawn = figure("Latency in ms (logarithmic)", "Share of requests")
    drawn.update_yaxes(range=[0, 1.03], tickformat=".0%")
    values_s, shares = latency.ecdf()
    ms = values_s * 1e3
    if len(ms):  # the curve begins on the ground
        ms, shares = np.append(ms[:1], ms), np.append(0.0, shares)
    logarithmic(drawn, [*(ms[[0, -1]].tolist() if len(ms) else []), slo_ms])
    hover = "%{y:.2%} within %{x:.3g} ms<extra></extra>"
    drawn.add_trace(line(look(0), "simulated", ms, shares, line_shape="hv", hovertemplate=hover))
    guide(drawn, f"SLO: {slo_ms:g} ms", x=slo_ms)
    percentiles = [latency.quantile(share) * 1e3 for share in _SHARES]
    table = pd.DataFrame(
        {"latency (ms)": [digits(value) if np.isfinite(value) else "none ended well" for value in percentiles]},
        index=pd.Index([f"{share:g}%" for share in _SHARES], name="share within"),
    )
    half, most = (milliseconds(latency.quantile(share) * 1e3) for share in (50, 99))
    met = 1 - latency.share_above(slo_ms / 1e3) if latency.n else 0.0
    alt = (
        f"Simulated. Share of requests over within each latency: half within {half}, 99% within {most}, "
        f"{met:.2%} within the SLO's {slo_ms:g} ms (n={latency.n:,})."
    )
    return Chart(drawn, alt, table)
