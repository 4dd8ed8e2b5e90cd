"""What came of a release, in words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

_ENDS = {"promote": "Promoted", "roll back": "Rolled back", "inconclusive": "Inconclusive", "hold": "No verdict"}


def span(seconds: float) -> str:
    """A length of time as people say it.

    >>> [span(s) for s in (0.25, 90, 5_400, 400_000)]
    ['0.25 s', '90 s', '1.5 h', '111 h']
    """
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 3_600 else f"{seconds / 3_600:.3g} h"


def lacking(signal: str, n: int, needs: float | None, elapsed_s: float) -> str:
    """How many requests there were and must be, and how long that takes at the pace of n within `elapsed_s`."""
    known = needs is not None and math.isfinite(needs)
    wanted = f"{math.ceil(needs or 0):,}" if known else "more than can be said yet"
    text = f"{signal} has n={n:,}, needs {wanted} in each arm"
    if n and known:
        return f"{text}; at the pace so far that takes {span(elapsed_s * (needs or 0) / n)}"
    return text if n else f"{text}; none came within {span(elapsed_s)}"


def verdict_in_words(log: Sequence[Mapping[str, Any]], outcome: Mapping[str, Any]) -> tuple[str, str]:
    """The verdict with its moment, and why.

    Parameters
    ----------
    log
        Decisions as `entries.entry_of` makes them.
    outcome
        `ReleaseOutcome.to_dict()`.
    """
    verdict, last = str(outcome["verdict"]), log[-1]
    head = _ENDS[verdict]
    if verdict != "hold":
        reason = str(last["reason"]).removeprefix("rolled back: ")
        return f"{head} after {span(float(outcome['verdict_s']))}", f"{reason[:1].upper()}{reason[1:]}."
    short = _shortest(last["evidence"])
    if short is None:
        return head, f"The traffic ended first. At the last decision: {last['reason']}."
    why = lacking(short["signal"], short["n"], short["needs"], float(last["now_s"]))
    return f"{head}: not enough traffic", f"The traffic ended first: {why}."


def _shortest(evidence: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The finding furthest from having enough requests; an unknown need is the furthest."""
    short = [f for f in evidence if f["needs"] is None or f["n"] < f["needs"]]
    return max(short, key=lambda f: math.inf if f["needs"] is None else f["needs"] - f["n"]) if short else None
