"""What a run of an experiment found: plain values, which a job can hand over and the store can keep."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from data.estimate import Estimate, Figure, TooFew
from data.estimates.text import as_text
from data.provenance import Origin
from lessons.controls import Settings

Axis = Literal["linear", "log"]
Drawn = Literal["line", "points", "steps"]


@dataclass(frozen=True, slots=True)
class Series:
    """One series of the plot; `low` and `high` are the ends of each value's interval, both or neither."""

    name: str
    x: Sequence[float] | Sequence[str]
    """Numbers, or names of categories in the order in which they are drawn."""
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    drawn: Drawn = "line"


@dataclass(frozen=True, slots=True)
class Guide:
    """A line across the whole plot, such as an SLO; at a value of x or of y."""

    text: str
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """The main plot as data; the page draws it and lays the learner's prediction over it."""

    x_title: str
    """With its unit."""
    y_title: str
    series: tuple[Series, ...]
    alt: str
    """What someone who cannot see it must know: what is drawn, and what it shows."""
    guides: tuple[Guide, ...] = ()
    x_axis: Axis = "linear"
    y_axis: Axis = "linear"
    predicts: Literal["x", "y"] = "y"
    """The axis on which the predicted number lies."""
    predicted_at: float | str | None = None
    """Where on the other axis; None draws the prediction as a line across."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the prediction was about: which of the directions it turned out to be, and the number."""

    direction: int
    """Place, from 0, of the true option in the text's prediction."""
    figure: str
    """Name of the figure that the learner predicted; must be among the record's figures."""


@dataclass(frozen=True, slots=True)
class Record:
    """One run: what was set, what came out, and how it was found."""

    settings: Settings
    seed: int
    origin: Origin
    figures: Mapping[str, Figure]
    """By names that the text's feedback may cite as {name}. An exact number is an `Estimate` with equal ends."""
    labels: Mapping[str, str]
    """What a learner reads beside each figure, in the order in which they are shown; figures left out are not shown."""
    plot: Plot
    outcome: Outcome
    provenance: str
    """One line: on what, for how long, how many."""
    notes: tuple[str, ...] = ()
    """What else must be said, such as that no steady state was seen."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else `check` needs or feedback cites; of JSON's types."""
    tables: Mapping[str, Sequence[Mapping[str, str | float]]] = field(default_factory=dict)
    """Titled tables to show under the plot, as rows with the same columns."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts to take along, by the name of their file; kept with the record and nowhere else."""

    def to_dict(self) -> dict[str, Any]:
        """Of JSON's types; `from_dict` reads it."""
        plain: dict[str, Any] = _lists(asdict(self))
        return plain

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Record":
        plot = dict(value["plot"])
        series = tuple(Series(**one) for one in plot.pop("series"))
        guides = tuple(Guide(**one) for one in plot.pop("guides"))
        rest = {**value, "notes": tuple(value["notes"]), "outcome": Outcome(**value["outcome"])}
        rest["figures"] = {name: _figure(one) for name, one in value["figures"].items()}
        return cls(**{**rest, "plot": Plot(**plot, series=series, guides=guides)})


def exact(value: float, unit: str, n: int = 1) -> Estimate:
    """A figure that has no uncertainty, such as a file's size or a count; `n` is what was counted or summed."""
    return Estimate(float(value), float(value), float(value), n, unit)


class Quoted:
    """A figure inside a sentence: ``{p99}`` is `231 ms`, ``{p99:full}`` adds the interval and n."""

    def __init__(self, figure: object) -> None:
        self._figure = figure

    def __format__(self, wanted: str) -> str:
        if isinstance(self._figure, Estimate | TooFew):
            return as_text(self._figure, interval=wanted == "full")
        return format(self._figure, "" if wanted == "full" else wanted)


def quotable(record: Record, **more: object) -> dict[str, Quoted]:
    """All that a text may cite of a run, by name: settings, facts, figures, and what else is given."""
    known: dict[str, object] = {**record.settings, **record.facts, **record.figures, **more}
    return {name: Quoted(value) for name, value in known.items()}


def _figure(value: Mapping[str, Any]) -> Figure:
    return TooFew(**value) if "needs" in value else Estimate(**value)


def _lists(value: Any) -> Any:
    """JSON's types, all the way down: numpy's numbers and tuples are none of them."""
    if isinstance(value, Mapping):
        return {str(name): _lists(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(one) for one in value]
    if hasattr(value, "tolist"):
        return _lists(value.tolist())
    return value
