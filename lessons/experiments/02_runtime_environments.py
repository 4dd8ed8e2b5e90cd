"""A model trained in one environment and loaded in another, both real: what it answers there, and what a lock saves."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import Cancelled as Stopped
from data.estimate import Estimate, Figure, TooFew
from data.estimates import as_text, share
from data.provenance import Origin
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Choice, Number, Option
from lessons.experiments._environments import PYTHON, environment, installed, run_json
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Record, Series, exact

# Every package is named with its version, so that the lesson shows the same in a year's time.
DEVELOPED = ("joblib==1.3.2", "numpy==1.26.4", "scikit-learn==1.2.2", "scipy==1.11.4", "threadpoolctl==3.2.0")
_NEWER = ("cloudpickle==3.1.2", "joblib==1.6.0", "numpy==2.4.6", "scipy==1.17.1", "threadpoolctl==3.8.0")
NEWEST = (*_NEWER, "scikit-learn==1.8.0")
ONE_PINNED = (*_NEWER, "scikit-learn==1.2.2")
MOST_WRONG, MOST_READ = 0.03, 0.35
"""The SLO on what the machine sorts, and the budget of what people can read, both as shares of the letters."""
_SCRIPT = Path(__file__).with_name("_letters.py")
_THRESHOLDS = np.round(np.arange(0.5, 0.96, 0.025), 3)


@dataclass(frozen=True, slots=True)
class _Side:
    """What one environment makes of the letters."""

    answers: NDArray[np.float64] | None
    """Probabilities of the linear model (letters, digits); None where it does not load."""
    packages: tuple[str, ...]
    loading: Mapping[str, Mapping[str, Any]]

    def sorted_at(self, threshold: float, letters: int) -> NDArray[np.bool_]:
        """Which letters the machine sorts itself; none where nothing answers. (letters,)"""
        return np.zeros(letters, bool) if self.answers is None else self.answers.max(axis=1) >= threshold


@dataclass(frozen=True, slots=True)
class _Found:
    tested: _Side
    production: _Side
    digits: NDArray[np.int64]
    forest_differs: int
    """Letters that the forest answers otherwise in production; all where it does not load."""


class RuntimeEnvironments(Experiment):
    origin: ClassVar[Origin] = "measured"
    controls: ClassVar[tuple[Control, ...]] = (
        Choice(
            "production", N_("What production installs"),
            (
                Option("newest", N_("the newest of everything")),
                Option("one", N_("scikit-learn pinned, the rest newest")),
                Option("lock", N_("development's lock file")),
            ),
            help=N_("The environment that the service runs in."),
        ),
        Number(
            "threshold", N_("Sorted by machine from"), 0.5, 0.95, 0.05, 0.7, "",
            N_("A letter whose likeliest digit is less probable than this goes to a person."),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        if cancelled():
            raise Stopped("the run was stopped")
        chosen, threshold = str(settings["production"]), float(settings["threshold"])
        with tempfile.TemporaryDirectory(prefix="drydock-lesson-") as folder:
            found = _found(chosen, Path(folder), seed, progress, cancelled)
        progress(_("done"), 1.0)
        figures = _figures(found, threshold)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=_labels(),
            plot=_plot(found, threshold), outcome=Outcome(_direction(figures, found), "machine"),
            provenance=_("Measured: two environments with Python {python}, {n:,} letters of scikit-learn's digits that "
                         "the model was not trained on").format(python=PYTHON, n=len(found.digits)),
            facts={"happened": _happened(found.production.loading["linear"])}, tables=_tables(found),
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        changed, forest, wrong, read = (record.figures[name] for name in ("changed", "forest", "wrong_tested", "read"))
        assert isinstance(changed, Estimate)
        assert isinstance(forest, Estimate)
        measured = _("{changed} treated otherwise than tested, and {forest} answered otherwise by the forest").format(
            changed=as_text(changed, interval=False), forest=as_text(forest, interval=False)
        )
        required = _(
            "0 and 0 letters; at most {wrong:.0%} of the sorted ones wrong, at most {read:.0%} of all read by people"
        ).format(wrong=MOST_WRONG, read=MOST_READ)
        if changed.value or forest.value:
            why = _(
                "What runs is not what was tested, whatever its error rate happens to be. Nothing in the model's file "
                "changed; look at what is installed beside it, all of it."
            )
            return Verdict(False, measured, required, why)
        if isinstance(wrong, TooFew) or wrong.high > MOST_WRONG:
            why = _("Production does what was tested, and too much of that is wrong: {wrong}. Raise the threshold.")
            return Verdict(False, measured, required, why.format(wrong=as_text(wrong)))
        assert isinstance(read, Estimate)
        if read.value > MOST_READ:
            why = _(
                "Production does what was tested, and people have to read {read} of all letters. Lower the threshold."
            )
            return Verdict(False, measured, required, why.format(read=as_text(read, interval=False)))
        why = _("Every letter goes where it went in the test, because every package is the one of the test.")
        return Verdict(True, measured, required, why)

    def solve(self, seed: int) -> Settings:  # noqa: ARG002 - a lock file does it for every seed
        return {**self.setup(), "production": "lock"}


def _found(chosen: str, folder: Path, seed: int, progress: Progress, cancelled: Cancelled) -> _Found:
    progress(_("building the development environment"), 0.0)
    developed = environment(DEVELOPED, cancelled)
    locked = installed(developed, cancelled)
    progress(_("building the production environment"), 0.3)
    packages = {"newest": NEWEST, "one": ONE_PINNED, "lock": locked}[chosen]
    running = environment(packages, cancelled)
    progress(_("training in development"), 0.6)
    trained = run_json(developed, _SCRIPT, ("fit", str(folder), str(seed)), cancelled)
    progress(_("loading in production"), 0.8)
    loaded = run_json(running, _SCRIPT, ("load", str(folder)), cancelled)
    tested = _Side(np.load(folder / "linear.tested.npy"), locked, trained)
    linear = folder / "linear.production.npy"
    production = _Side(np.load(linear) if linear.exists() else None, installed(running, cancelled), loaded)
    return _Found(tested, production, np.load(folder / "digits.npy"), _forest_differs(folder))


def _forest_differs(folder: Path) -> int:
    before, after = np.load(folder / "forest.tested.npy"), folder / "forest.production.npy"
    return int(np.any(before != np.load(after), axis=1).sum()) if after.exists() else len(before)


def _figures(found: _Found, threshold: float) -> dict[str, Figure]:
    n = len(found.digits)
    tested, production = (side.sorted_at(threshold, n) for side in (found.tested, found.production))
    return {
        "machine": share(int(production.sum()), n, name="sorted by machine"),
        "machine_tested": share(int(tested.sum()), n, name="sorted by machine"),
        "changed": exact(_changed(found, threshold), _("letters"), n),
        "wrong": _wrong(found.production, found.digits, production),
        "wrong_tested": _wrong(found.tested, found.digits, tested),
        "read": share(int((~production).sum()), n, name="read by people"),
        "moved": _moved(found),
        "relabelled": _relabelled(found),
        "forest": exact(found.forest_differs, _("letters"), n),
    }


def _labels() -> dict[str, str]:
    return {
        "machine": _("sorted by machine, in production"),
        "machine_tested": _("sorted by machine, as tested"),
        "changed": _("treated otherwise than tested"),
        "wrong": _("sorted wrongly, in production"),
        "wrong_tested": _("sorted wrongly, as tested"),
        "moved": _("largest change of a probability"),
        "relabelled": _("named another digit"),
        "forest": _("answered otherwise by the forest"),
    }


def _changed(found: _Found, threshold: float) -> int:
    """Letters that production routes, or reads, otherwise; where nothing answers, all go to people."""
    n = len(found.digits)
    before, after = (side.sorted_at(threshold, n) for side in (found.tested, found.production))
    routed = before != after
    if found.production.answers is None:
        return int(routed.sum())
    assert found.tested.answers is not None
    other = found.tested.answers.argmax(axis=1) != found.production.answers.argmax(axis=1)
    return int((routed | (before & after & other)).sum())


def _wrong(side: _Side, digits: NDArray[np.int64], sorted_: NDArray[np.bool_]) -> Figure:
    """Share of the letters sorted by machine that go astray."""
    if side.answers is None or not sorted_.any():
        return TooFew("sorted wrongly", 0, 1)
    mistaken = side.answers.argmax(axis=1) != digits
    return share(int((mistaken & sorted_).sum()), int(sorted_.sum()), name="sorted wrongly")


def _moved(found: _Found) -> Figure:
    before, after = found.tested.answers, found.production.answers
    if before is None or after is None:
        return TooFew("largest change", 0, 1)
    return exact(100 * float(np.abs(before - after).max()), _("points"), len(before))


def _relabelled(found: _Found) -> Figure:
    before, after = found.tested.answers, found.production.answers
    if before is None or after is None:
        return TooFew("named another digit", 0, 1)
    return exact(int((before.argmax(axis=1) != after.argmax(axis=1)).sum()), _("letters"), len(before))


def _direction(figures: Mapping[str, Figure], found: _Found) -> int:
    """Same, fewer, more, or nothing because it does not load."""
    after, before = figures["machine"], figures["machine_tested"]
    assert isinstance(after, Estimate)
    assert isinstance(before, Estimate)
    if found.production.answers is None:
        return 3
    return 0 if after.value == before.value else 1 if after.value < before.value else 2


def _happened(linear: Mapping[str, Any]) -> str:
    """What a look into production's log would have shown."""
    if linear["error"]:
        return _("Production did not even load the model ({error}).").format(error=linear["error"])
    if linear["warnings"]:
        return _("Production loaded the model, and warned {n} times in its log.").format(n=linear["warnings"])
    return _("Production loaded the model without a warning.")


def _versions(packages: Sequence[str]) -> dict[str, str]:
    return {name: version for name, _is, version in (line.partition("==") for line in packages)}


def _tables(found: _Found) -> dict[str, list[dict[str, str | float]]]:
    tested, production = _versions(found.tested.packages), _versions(found.production.packages)
    rows: list[dict[str, str | float]] = [
        {_("package"): name, _("development"): tested.get(name, "–"), _("production"): production.get(name, "–")}
        for name in sorted(tested.keys() | production.keys())
    ]
    titles = {"linear": _("logistic regression, one against the rest"), "forest": _("random forest")}
    fates: list[dict[str, str | float]] = [
        {
            _("model"): title,
            _("loads"): _("no") if found.production.loading[name]["error"] else _("yes"),
            _("version warnings"): float(found.production.loading[name]["warnings"]),
            _("error"): str(found.production.loading[name]["error"]) or "–",
        }
        for name, title in titles.items()
    ]
    return {_("What is installed"): rows, _("What production makes of the two files"): fates}


def _plot(found: _Found, threshold: float) -> Plot:
    n = len(found.digits)
    lines = [
        Series(name, _THRESHOLDS.tolist(), [float(side.sorted_at(t, n).mean()) * 100 for t in _THRESHOLDS])
        for name, side in ((_("as tested in development"), found.tested), (_("in production"), found.production))
    ]
    before, after = (float(side.sorted_at(threshold, n).mean()) * 100 for side in (found.tested, found.production))
    alt = _(
        "Share of letters sorted by machine against the threshold, in development and in production. At {at:.2f} it is "
        "{before:.0f}% as tested and {after:.0f}% in production."
    ).format(at=threshold, before=before, after=after)
    return Plot(
        _("Probability from which the machine sorts"), _("Sorted by machine in % of the letters"), tuple(lines), alt,
        guides=(Guide(_("threshold"), x=threshold),), predicts="y", predicted_at=threshold,
    )  # fmt: skip
