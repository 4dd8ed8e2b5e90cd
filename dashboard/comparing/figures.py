"""The table of figures: a line a figure, a column a candidate, an interval and n on every number."""

from collections.abc import Callable, Mapping

import pandas as pd

from data.estimate import Figure
from data.estimates.summary import Summary
from data.estimates.text import as_text
from data.scenario import Slo

_LINES: Mapping[str, Callable[[Summary], Figure | None]] = {
    "Latency, median": lambda s: s.p50_ms,
    "Latency, p95": lambda s: s.p95_ms,
    "Latency, p99": lambda s: s.p99_ms,
    "Latency, p99.9": lambda s: s.p99_9_ms,
    "Latency, mean": lambda s: s.mean_ms,
    "Throughput": lambda s: s.throughput_rps,
    "Errors": lambda s: s.error_share,
    "Timeouts": lambda s: s.timeout_share,
    "Refused": lambda s: s.rejected_share,
    "Processor time per 1,000 predictions": lambda s: s.cpu_s_per_1000,
    "Memory × time per 1,000 predictions": lambda s: s.gib_s_per_1000,
    "Peak memory": lambda s: s.peak_mib,
}
_NOT_TRUSTED = "not to be trusted"


def figures(summaries: Mapping[str, Summary], slo: Slo) -> pd.DataFrame:
    """The table, as texts; a run that is not to be trusted has none."""
    lines = {
        **_LINES,
        f"Answered within the SLO's {slo.latency_ms:g} ms": lambda s: s.slo_attained_share,
    }
    table = {
        name: {
            "Source": f"{summary.origin}, {summary.runs} runs, n={summary.n:,}",
            **{line: as_text(read(summary)) if summary.valid else _NOT_TRUSTED for line, read in lines.items()},
        }
        for name, summary in summaries.items()
    }
    return pd.DataFrame(table).rename_axis("figure")
