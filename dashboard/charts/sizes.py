"""How large a model's file is and how long loading it takes, format by format."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.charts.chart import Chart, figure, label, look
from data.estimates.text import digits


def sizes(names: Sequence[str], size_bytes: Sequence[int], load_s: Sequence[float]) -> Chart:
    """One point a format, both axes logarithmic; the lower left is small and quick. At least one format."""
    kib, load_ms = np.array(size_bytes) / 1024, np.array(load_s) * 1e3
    drawn = figure("Size (KiB)", "Time to load (ms)", height=320)
    drawn.update_xaxes(type="log", range=_range(kib))
    drawn.update_yaxes(type="log", range=_range(load_ms))
    middle = np.sqrt(kib.min() * kib.max())
    for place, name in enumerate(names):
        style = look(place)
        drawn.add_scatter(
            x=[kib[place]],
            y=[load_ms[place]],
            name=name,
            mode="markers",
            marker={"color": style.colour, "symbol": style.marker, "size": 12},
            hovertemplate=f"{name}: %{{x:.3g}} KiB, %{{y:.3g}} ms<extra></extra>",
        )
        # Beside its point, on the side that has room.
        left = kib[place] > middle
        side = {"xanchor": "right", "xshift": -10} if left else {"xanchor": "left", "xshift": 10}
        label(drawn, name, float(kib[place]), float(load_ms[place]), **side)
    told = "; ".join(
        f"{name} {digits(k)} KiB, {digits(ms)} ms" for name, k, ms in zip(names, kib, load_ms, strict=True)
    )
    table = pd.DataFrame({"format": names, "size (KiB)": kib, "time to load (ms)": load_ms}).set_index("format")
    return Chart(drawn, f"Size of the model's file and time to load it, by format: {told}.", table)


def _range(values: np.ndarray) -> list[float]:
    """Room around the points, in powers of ten."""
    low, high = np.log10(values.min()), np.log10(values.max())
    space = max(0.25, 0.15 * (high - low))
    return [float(low - space), float(high + space)]
