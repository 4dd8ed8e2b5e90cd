"""Candidates side by side, and the headless run: ``python -m simulators.comparison file.toml``."""

from simulators.comparison.compare import compare, run_comparison
from simulators.comparison.comparison import Comparison, Result
from simulators.comparison.rows import Row, rows
from simulators.comparison.saved import load_comparison
from simulators.comparison.verdict import Outcome, Verdict, judge

__all__ = [
    "Comparison", "Outcome", "Result", "Row", "Verdict", "compare", "judge", "load_comparison", "rows",
    "run_comparison",
]  # fmt: skip
