"""Figures with intervals, computed from traces: nothing here ever makes a number out of too few samples."""

from data.estimates.curves import ecdf
from data.estimates.means import mean, mean_of_runs
from data.estimates.percentiles import percentile, samples_needed
from data.estimates.shares import share
from data.estimates.summary import Summary, latencies_ms, summarise
from data.estimates.text import as_text
from data.estimates.throughput import throughput

__all__ = [
    "Summary", "as_text", "ecdf", "latencies_ms", "mean", "mean_of_runs", "percentile", "samples_needed", "share",
    "summarise", "throughput",
]  # fmt: skip
