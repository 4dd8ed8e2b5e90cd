"""A comparison as rows of text: the one place where its figures are rounded, for the page and the command alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.estimate import Figure
from data.estimates import Summary, as_text
from data.provenance import Origin
from data.scenario import Slo
from simulators.comparison.comparison import Comparison, Result

FIGURES: Mapping[str, str] = {
    "p50": "p50_ms",
    "p95": "p95_ms",
    "p99": "p99_ms",
    "p99.9": "p99_9_ms",
    "mean": "mean_ms",
    "within the SLO's latency": "slo_attained_share",
    "throughput": "throughput_rps",
    "failed": "failed_share",
    "CPU per 1,000": "cpu_s_per_1000",
    "memory per 1,000": "gib_s_per_1000",
    "peak memory": "peak_mib",
}
"""What people read, and the field of `Summary` that it stands for."""


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate."""

    candidate: str
    origin: Origin
    verdict: str
    """Whether it keeps the SLO, in a word or two."""
    cells: Mapping[str, str]
    """Each figure with its unit, interval and n, by what people read."""
    reasons: tuple[str, ...]
    """Why the verdict is as it is."""
    notes: tuple[str, ...]
    """What else a reader should know."""


def rows(comparison: Comparison) -> tuple[Row, ...]:
    """One row a candidate, in the scenario's order."""
    return tuple(_row(result, comparison.scenario.slo) for result in comparison.results)


def table(comparison: Comparison, width: int = 120) -> str:
    """The rows as aligned text: a line for each figure, a column for each candidate, at most `width` wide if it can."""
    found = rows(comparison)
    lines = [["", *(row.candidate for row in found)], ["SLO", *(row.verdict for row in found)]]
    lines.append(["", *(row.origin for row in found)])
    labels = list(dict.fromkeys(label for row in found for label in row.cells))
    lines += [[label, *(row.cells.get(label, "") for row in found)] for label in labels]
    parts = [_aligned(part) for part in _parted(lines, width)]
    remarks = [f"{row.candidate}: {text}" for row in found for text in (*row.reasons, *row.notes)]
    return "\n\n".join([*parts, "\n".join(remarks)])


def heading(comparison: Comparison) -> str:
    """What was compared, in two lines."""
    scenario, slo = comparison.scenario, comparison.scenario.slo
    title = f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name
    models = ", ".join(comparison.models) or "none answered"
    promise = f"p{slo.percentile:g} within {slo.latency_ms:g} ms, at most {slo.max_error_share * 100:g}% failed"
    return f"{title}\nSLO: {promise} · seed {scenario.seed} · model {models} · runs {comparison.group}"


def _row(result: Result, slo: Slo) -> Row:
    summary = result.summary
    cells = _cells(summary, slo) if summary else {}
    notes = summary.notes if summary else ()
    return Row(result.candidate.name, result.origin, result.verdict.words, cells, result.verdict.reasons, notes)


def _cells(summary: Summary, slo: Slo) -> dict[str, str]:
    figures: dict[str, Figure | None] = {label: getattr(summary, field) for label, field in FIGURES.items()}
    promised = f"p{slo.percentile:g}"
    if promised not in figures:
        figures = {"p50": figures.pop("p50"), promised: summary.slo_percentile_ms} | figures
    return {label: as_text(figure) for label, figure in figures.items()}


def _parted(lines: Sequence[Sequence[str]], width: int) -> list[list[list[str]]]:
    """The lines in parts of as many columns as fit, each part with the first column."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    parts: list[list[int]] = []
    used = width + 1
    for column in range(1, len(widths)):
        if used + 2 + widths[column] > width:
            parts.append([0])
            used = widths[0]
        parts[-1].append(column)
        used += 2 + widths[column]
    return [[[line[column] for column in part] for line in lines] for part in parts]


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ("  ".join(cell.ljust(n) for cell, n in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)
