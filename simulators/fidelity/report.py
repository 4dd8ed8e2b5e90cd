"""The fidelity report: measured beside predicted, with the machine's own noise, as a value and as a file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np

from data.errors import InvalidFile, Problem
from data.home import home
from data.provenance import machine_facts, software_versions

FORMAT = "drydock fidelity report 1"
TARGETS: Mapping[str, float] = {"p50_ms": 0.05, "p95_ms": 0.10, "p99_ms": 0.15, "throughput_rps": 0.03}
"""Median absolute error that predictions aim at, by figure, as a share of what was measured."""
LOOSE = 0.15
"""Where a figure has no target of its own: beyond this a repetition's difference counts as noise."""
FIGURES = ("p50_ms", "p95_ms", "p99_ms", "throughput_rps", "cpu_s_per_s", "cold_share")
Traffic = Literal["poisson", "bursty"]
Verdict = Literal["within", "off", "noise", "too few", "overload"]
FULL = 0.9
"""Utilisation beyond which nothing settles in so short a run: such cells are shown, and counted apart."""
HARDLY = 0.15
"""Below this there is hardly any load: such cells count, and a median without them is told beside the others."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of one deployment under one traffic. Intervals are 95%; a figure that is not estimable is None."""

    subject: str
    strategy: str
    host: str
    utilisation: float
    """Arrival rate over the rate that calibration found to be sustained."""
    rate_rps: float
    traffic: Traffic
    figure: str
    measured: float | None
    measured_low: float | None
    measured_high: float | None
    predicted: float | None
    predicted_low: float | None
    predicted_high: float | None
    noise: float
    """How far two repetitions of the same run differ, at the median of all pairs, as a share of the runs' median."""
    runs: int
    n: int
    """Requests measured, all repetitions together."""
    naive: float | None = None
    """The figure interpolated between the calibration runs at the neighbouring loads: a rival without any model."""
    blind: float | None = None
    """What the model alone predicts without knowing how slow the machine was: as slow as while it was calibrated."""
    bare: float | None = None
    """What the model alone predicts, knowing how slow the machine was: without what it got wrong at other loads."""
    floor: float = 0.0
    """How far off the best of predictions would be: other repetitions' median differs so much, at the median."""

    @property
    def error(self) -> float | None:
        """(predicted - measured) / measured; the plain difference where the figure is a share."""
        return self._off(self.predicted)

    @property
    def naive_error(self) -> float | None:
        """The rival's, likewise."""
        return self._off(self.naive)

    @property
    def blind_error(self) -> float | None:
        """Of the model alone that does not know how slow the machine was, likewise."""
        return self._off(self.blind)

    @property
    def bare_error(self) -> float | None:
        """Of the model alone, likewise."""
        return self._off(self.bare)

    @property
    def quoted(self) -> float | None:
        """The error to quote beside another prediction: nobody knows how slow the machine will be then either.

        Nor is another prediction one of the same deployment at a load between those that it was calibrated by.
        """
        return self.error if self.blind is None else self.blind_error

    def _off(self, predicted: float | None) -> float | None:
        if self.measured is None or predicted is None:
            return None
        if self.figure == "cold_share":
            return predicted - self.measured
        return (predicted - self.measured) / self.measured if self.measured else None

    @property
    def target(self) -> float:
        return TARGETS.get(self.figure, LOOSE)

    @property
    def verdict(self) -> Verdict:
        """within: the target. noise: what was measured is itself less certain (`floor`) than the target asks for.

        overload: more comes than can be answered.
        """
        if self.error is None:
            return "too few"
        if self.utilisation > FULL:
            return "overload"
        if abs(self.error) <= self.target:
            return "within"
        return "noise" if self.floor > self.target else "off"


@dataclass(frozen=True, slots=True)
class Nearest:
    """The error seen nearest to a prediction."""

    cell: Cell
    extrapolated: bool
    """Whether the prediction lies outside of what was ever measured."""


@dataclass(frozen=True, slots=True)
class Total:
    """One figure over all cells."""

    figure: str
    median_error: float | None
    """Median absolute error over all cells that have one, those under noise included, and not those in overload."""
    median_quiet: float | None
    """The same over those whose floor does not exceed the target."""
    target: float | None
    cells: int
    noisy: int
    median_naive: float | None = None
    """Median absolute error of the rival that only interpolates."""
    median_blind: float | None = None
    """Of the model alone, not knowing how slow the machine was."""
    median_bare: float | None = None
    """Of the model alone."""
    median_floor: float | None = None
    """Median over cells of how far off the best of predictions would be."""
    overloaded: int = 0
    """Cells in overload, which are in none of the medians."""
    idle: int = 0
    """Of the cells, those at hardly any load."""
    median_loaded: float | None = None
    """Median absolute error over the others."""


@dataclass(frozen=True, slots=True)
class FidelityReport:
    """Every cell measured so far, on one machine."""

    cells: tuple[Cell, ...] = ()
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    software: Mapping[str, str] = field(default_factory=lambda: software_versions())
    machine: Mapping[str, str] = field(default_factory=lambda: machine_facts())

    def nearest(
        self, strategy: str, host: str, utilisation: float, traffic: str = "poisson", figure: str = "p50_ms"
    ) -> Nearest | None:
        """The cell nearest to a prediction, or None where nothing like it was ever measured.

        Strategy and host must be the same for it not to be an extrapolation, and the utilisation within the range that
        was measured of them.
        """
        fitting = [c for c in self.cells if c.figure == figure and c.error is not None]
        if not fitting:
            return None

        def distance(cell: Cell) -> tuple[bool, bool, float, bool]:
            apart = abs(cell.utilisation - utilisation)
            return cell.strategy != strategy, cell.host != host, apart, cell.traffic != traffic

        cell = min(fitting, key=distance)
        alike = [c.utilisation for c in fitting if (c.strategy, c.host) == (strategy, host)]
        inside = bool(alike) and min(alike) - 1e-9 <= utilisation <= max(alike) + 1e-9
        return Nearest(cell, not (inside and traffic in {c.traffic for c in fitting}))

    def totals(self) -> tuple[Total, ...]:
        """Each figure's median absolute error."""
        return tuple(self._total(figure) for figure in FIGURES)

    def _total(self, figure: str) -> Total:
        every_cell = [c for c in self.cells if c.figure == figure]
        own = [c for c in every_cell if c.utilisation <= FULL]
        loaded = [abs(c.error) for c in own if c.error is not None and c.utilisation >= HARDLY]
        errors = [(abs(c.error), c.floor > c.target) for c in own if c.error is not None]
        every = [error for error, _ in errors]
        quiet = [error for error, noisy in errors if not noisy]
        naive = [abs(c.naive_error) for c in own if c.naive_error is not None]
        blind = [abs(c.blind_error) for c in own if c.blind_error is not None]
        bare = [abs(c.bare_error) for c in own if c.bare_error is not None]
        floor = [c.floor for c in own if c.error is not None]
        noisy_cells = sum(noisy for _, noisy in errors)
        return Total(
            figure, _median(every), _median(quiet), TARGETS.get(figure), len(own), noisy_cells,
            _median(naive), _median(blind), _median(bare), _median(floor),
            overloaded=len(every_cell) - len(own),
            idle=sum(c.utilisation < HARDLY for c in own), median_loaded=_median(loaded),
        )  # fmt: skip

    def with_subject(self, subject: str, cells: Sequence[Cell]) -> "FidelityReport":
        """The same with these cells in the place of that subject's."""
        return FidelityReport((*(c for c in self.cells if c.subject != subject), *cells))

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, allow_nan=False, indent=1)

    @classmethod
    def from_json(cls, text: str, file: str = "fidelity report") -> "FidelityReport":
        """What `to_json` wrote; `InvalidFile` for anything else."""
        try:
            values = json.loads(text)
            if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
                raise ValueError(f"is not a {FORMAT!r}")
            values["cells"] = tuple(Cell(**cell) for cell in values["cells"])
            return cls(**values)
        except (ValueError, TypeError, KeyError) as error:
            problem = Problem(0, "", "", f"is not a fidelity report of this version ({error})")
            raise InvalidFile(file, (problem,), "make it again with python -m simulators.fidelity") from error

    def save(self, path: Path) -> None:
        """Write JSON; it appears whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(self.to_json())
        partial.replace(path)


def folder() -> Path:
    """Where reports, and the profiles behind them, are kept."""
    return home() / "fidelity"


def stored_report() -> FidelityReport | None:
    """This machine's report; None while there is none."""
    path = folder() / "report.json"
    return FidelityReport.from_json(path.read_text(), path.name) if path.exists() else None


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None
