"""One forest, saved in several formats and loaded in fresh processes; and a pickle that is not a model at all."""

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from data.discovery import kinds
from data.errors import Cancelled as Stopped
from data.estimate import Figure, TooFew
from data.estimates.text import digits
from data.provenance import Origin
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Choice, Number, Option
from lessons.experiments._malicious import Attack, attack
from lessons.language import N_, _
from lessons.record import Outcome, Plot, Record, Series, exact
from strategies.packaging.format_comparison import FormatResult, compare_formats
from strategies.packaging.formats.contract import About, Fitted, Format
from strategies.packaging.upload import Upload
from strategies.training.spec import TrainingSpec
from strategies.training.train import Trained, train

KINDS = ("pickle", "pmml", "onnx")
"""One of each kind: a program, a document, a graph of operators."""
ALL = ("pickle", "joblib", "skops", "mlflow", "pmml", "onnx", "pfa")
MOST_KB, SOONER = 100.0, 4.0
"""The budget for the file, and how many times sooner than the pickle it must be ready."""
_ROWS = 64


class ModelFormats(Experiment):
    origin: ClassVar[Origin] = "measured"
    controls: ClassVar[tuple[Control, ...]] = (
        Choice(
            "ship", N_("Format to ship"),
            (
                Option("pickle", "pickle"), Option("joblib", "joblib"), Option("skops", "skops"),
                Option("mlflow", "MLflow"), Option("pmml", "PMML"), Option("onnx", "ONNX"), Option("pfa", "PFA"),
            ),
            help=N_("The one that the challenge is checked on; it is measured beside the others."),
        ),
        Choice(
            "compare", N_("Measure"),
            (Option("kinds", N_("pickle, PMML, ONNX and the one to ship")), Option("all", N_("all of them"))),
            help=N_("All of them takes some 20 seconds: most begin by importing a library."),
        ),
        Number("trees", N_("Trees in the forest"), 10, 200, 10, 50, "", N_("How large the model is.")),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        if cancelled():
            raise Stopped("the run was stopped")
        ship, trees = str(settings["ship"]), int(settings["trees"])
        progress(_("training"), 0.0)
        trained = _trained(trees, seed)
        names = ALL if settings["compare"] == "all" else tuple(dict.fromkeys((*KINDS, ship)))
        found = compare_formats(
            _fitted(trained), trained.held_out, names=names, progress=partial(_tell, progress), cancelled=cancelled
        )
        progress(_("loading a stranger's pickle"), 0.95)
        with tempfile.TemporaryDirectory(prefix="drydock-lesson-") as folder:
            stranger = attack(Path(folder), _upload(trained))
        progress(_("done"), 1.0)
        results = {result.format: result for result in found}
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=_figures(results), labels=_labels(results),
            plot=_plot(results), outcome=Outcome(_direction(results), "first_pickle"),
            provenance=_("Measured: a forest of {trees} trees, each file loaded once in a process of its own; answers "
                         "compared on {n} patients").format(trees=trees, n=len(trained.held_out)),
            notes=(_("Times are of one load each: read their order of magnitude, not their digits."),),
            facts=_facts(results, ship, stranger), tables={_("The formats, measured"): _rows(results)},
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        shipped = record.facts["shipped"]
        size, first, pickled = (shipped[name] for name in ("size_kb", "first_ms", "pickle_ms"))
        required = _(
            "answers as trained, runs no code of the file's author, at most {kb:.0f} kB, and ready {times:.0f} times "
            "sooner than the pickle"
        ).format(kb=MOST_KB, times=SOONER)
        if shipped["status"] != "ok":
            measured = _("{title}: no file that answers as the model").format(title=shipped["title"])
            return Verdict(False, measured, required, shipped["reason"])
        measured = _("{title}: {kb} kB, ready after {first} ms (pickle: {pickle} ms), loading is {safety}").format(
            title=shipped["title"], kb=digits(size), first=digits(first), pickle=digits(pickled),
            safety=_SAFETY[shipped["safety"]],
        )  # fmt: skip
        if shipped["safety"] != "data":
            why = _("Loading it {safety}. The file passes many hands: choose one that holds nothing but data.")
            return Verdict(False, measured, required, why.format(safety=_MAKES[shipped["safety"]]))
        if first * SOONER > pickled:
            why = _("A fresh process is not ready soon enough. Ask what it has to import before it can read the file.")
            return Verdict(False, measured, required, why)
        if size > MOST_KB:
            why = _("Safe and quick, and {kb} kB is above the budget: fewer trees make a smaller file.")
            return Verdict(False, measured, required, why.format(kb=digits(size)))
        why = _("It holds only data, a small runtime reads it, and its answers are those of the model you trained.")
        return Verdict(True, measured, required, why)

    def solve(self, seed: int) -> Settings:  # noqa: ARG002 - it does not depend on the patients
        return {**self.setup(), "ship": "onnx"}


_SAFETY = {"data": N_("safe"), "checked": N_("checked"), "code": N_("running its code")}
_MAKES = {
    "checked": N_("makes Python objects, of types that are checked first"),
    "code": N_("runs whatever its author put into it"),
}


def _trained(trees: int, seed: int) -> Trained:
    spec = TrainingSpec(
        data="tumour", algorithm="random_forest", parameters={"trees": trees}, seed=seed % 2**32,
        learning_curve=False, track=False,
    )  # fmt: skip
    return train(spec)


def _fitted(trained: Trained) -> Fitted:
    prepared = trained.prepared
    target = prepared.target
    return Fitted(trained.pipeline, About(prepared.schema, target.task, target.column, prepared.outputs))


def _upload(trained: Trained) -> Upload:
    prepared, target = trained.prepared, trained.prepared.target
    rows = trained.held_out[:_ROWS]
    return Upload("a stranger's", prepared.schema, target.task, target.column, prepared.outputs, rows)


def _tell(progress: Progress, title: str, share: float) -> None:
    progress(_("saving and loading"), 0.1 + 0.8 * share, title)


def _figures(results: Mapping[str, FormatResult]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for name, result in results.items():
        figures[f"first_{name}"] = _measured(result.first_load_s, 1e3, "ms")
        figures[f"load_{name}"] = _measured(result.load_s, 1e3, "ms")
        figures[f"size_{name}"] = _measured(result.size_bytes, 1e-3, "kB")
        figures[f"apart_{name}"] = _measured(_apart(result), 1, _("in probability"))
    return figures


def _apart(result: FormatResult) -> float | None:
    """The largest difference from what the trained model answers."""
    return None if result.parity is None else result.parity.max_abs_difference


def _measured(value: float | None, scale: float, unit: str) -> Figure:
    if value is None:
        return TooFew(unit, 0, 1)
    scaled = value * scale
    return exact(round(scaled) if scaled >= 100 else scaled, unit)  # one load tells no finer than that


def _labels(results: Mapping[str, FormatResult]) -> dict[str, str]:
    labels = {}
    for name, result in results.items():
        labels[f"first_{name}"] = _("{title}: ready in a fresh process").format(title=result.title)
        labels[f"size_{name}"] = _("{title}: size").format(title=result.title)
    return labels


def _direction(results: Mapping[str, FormatResult]) -> int:
    """Which of the three is ready first, or 3 where the slowest takes less than twice as long as the quickest."""
    times = [results[name].first_load_s or float("inf") for name in KINDS]
    return 3 if max(times) < 2 * min(times) else times.index(min(times))


def _facts(results: Mapping[str, FormatResult], ship: str, stranger: Attack) -> dict[str, Any]:
    shipped, pickled = results[ship], results["pickle"]
    return {
        "shipped": {
            "title": shipped.title, "status": shipped.status, "reason": shipped.reason, "safety": shipped.safety,
            "size_kb": (shipped.size_bytes or 0) / 1e3, "first_ms": (shipped.first_load_s or 0.0) * 1e3,
            "pickle_ms": (pickled.first_load_s or 0.0) * 1e3,
        },
        "stranger_ran": _("did what its author wanted") if stranger.ran else _("did nothing"),
        "refused": stranger.refused,
        "ran_at_upload": stranger.ran_at_upload,
    }  # fmt: skip


def _rows(results: Mapping[str, FormatResult]) -> list[dict[str, str | float]]:
    return [
        {
            _("format"): result.title,
            _("size, kB"): _text(result.size_bytes, 1e-3),
            _("save, ms"): _text(result.save_s, 1e3),
            _("first load, ms"): _text(result.first_load_s, 1e3),
            _("load again, ms"): _text(result.load_s, 1e3),
            _("largest difference"): _text(_apart(result), 1),
            _("loading it"): _(_SAFETY[result.safety]),
            _("who reads it"): result.readers,
            _("result"): result.status if result.status == "ok" else f"{result.status}: {result.reason}",
        }
        for result in results.values()
    ]


def _text(value: float | None, scale: float) -> str:
    return "–" if value is None else digits(value * scale)


def _plot(results: Mapping[str, FormatResult]) -> Plot:
    measured = [result for result in results.values() if result.first_load_s is not None and result.load_s is not None]
    titles = [_short(result.format) for result in measured]
    fresh = [(result.first_load_s or 0.0) * 1e3 for result in measured]
    again = [(result.load_s or 0.0) * 1e3 for result in measured]
    each = "; ".join(
        f"{title} {digits(one)} / {digits(two)}" for title, one, two in zip(titles, fresh, again, strict=True)
    )
    alt = _(
        "Time until the model is ready, in a fresh process and once all libraries are imported, on a logarithmic axis. "
        "In ms: {each}."
    ).format(each=each)
    return Plot(
        _("Format"), _("Until the model is ready, in ms (logarithmic)"),
        (Series(_("in a fresh process"), titles, fresh, drawn="points"),
         Series(_("with everything imported"), titles, again, drawn="points")),
        alt, y_axis="log", predicts="y", predicted_at=_short("pickle"),
    )  # fmt: skip


def _short(name: str) -> str:
    known = kinds("strategies.packaging.formats", Format)  # type: ignore[type-abstract]
    return known[name].title
