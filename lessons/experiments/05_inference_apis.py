"""Good and bad requests to two real servers of the same model: a tutorial's six lines, and one that checks."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import Cancelled as Stopped
from data.errors import Unavailable
from data.estimate import Estimate, Figure
from data.provenance import Origin
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Choice, Number, Option
from lessons.experiments._requests import Call, Features, Reply, Wrap, bad, good, send
from lessons.experiments._small_model import small_model
from lessons.language import N_, _
from lessons.record import Outcome, Plot, Record, Series, exact
from strategies.hosts.contract import Service
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.training.format_job import fitted_of, rows_for

SINGLE, TOGETHER = 10, 100
"""Good requests of one row, and rows of the one that carries many."""
_WRAPS: Mapping[str, Wrap] = {
    "six": lambda rows: rows[0],
    "native": lambda rows: {"record": rows[0]} if len(rows) == 1 else {"records": rows},
    "tensorflow": lambda rows: {"instances": rows},
}
_KINDS = (2, 4, 5)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What one server made of all requests."""

    good: list[Reply]
    bad: list[Reply]
    together: Reply | None
    """The answer to many rows at once; None for a server that takes one."""
    together_bytes: int = 0
    """Length of the body that carried them."""

    def count(self, kind: int) -> int:
        return sum(reply.kind == kind for reply in self.bad)


class InferenceApis(Experiment):
    origin: ClassVar[Origin] = "measured"
    controls: ClassVar[tuple[Control, ...]] = (
        Choice(
            "server", N_("Server to ship"),
            (Option("six", N_("the tutorial's six lines")), Option("checked", N_("one that checks"))),
            help=N_("Both are started and asked in every run; the challenge is checked on this one."),
        ),
        Choice(
            "protocol", N_("Protocol of the one that checks"),
            (Option("native", N_("Drydock's own")), Option("tensorflow", N_("TensorFlow Serving's"))),
            help=N_("Path, body and answer as clients of that protocol expect them."),
        ),
        Number("limit_kb", N_("Longest body it accepts"), 10, 1_000, 10, 20, "kB"),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        if cancelled():
            raise Stopped("the run was stopped")
        if missing := ProcessHost().missing():
            raise Unavailable("The servers cannot run here", missing)
        progress(_("training"), 0.0)
        package = small_model()
        rows = _rows(package, seed)
        records = _as_sent(package, rows)
        protocol, limit_bytes = str(settings["protocol"]), int(settings["limit_kb"]) * 1_000
        calls = bad(records[0], _WRAPS["six"])
        progress(_("asking the six lines"), 0.2)
        six = _six(package, records, calls, cancelled)
        progress(_("asking the one that checks"), 0.6)
        checked = _checked(package, records, protocol, limit_bytes, cancelled)
        expected = np.asarray(load_predictor(package).predict(rows), np.float64)
        progress(_("done"), 1.0)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=_figures(six, checked), labels=_labels(),
            plot=_plot(six, checked), outcome=Outcome(_direction(six), "silent_six"),
            provenance=_("Measured: two servers on this machine, {good} good and {bad} bad requests to each").format(
                good=SINGLE, bad=len(calls)),
            facts=_facts(calls, checked, protocol, expected),
            tables={_("The bad requests"): _table(calls, six, checked)},
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        server, facts = str(record.settings["server"]), record.facts
        silent, refused = record.figures[f"silent_{server}"], record.figures[f"refused_{server}"]
        good_ones = record.figures[f"good_{server}"]
        assert isinstance(silent, Estimate)
        assert isinstance(refused, Estimate)
        assert isinstance(good_ones, Estimate)
        measured = _(
            "{refused:.0f} of {n} bad requests refused; {good:.0f} of {all} good ones answered; {shape}"
        ).format(refused=refused.value, n=refused.n, good=good_ones.value, all=good_ones.n, shape=facts["shape"])
        required = _(
            "all bad ones refused with a 4xx; all good ones answered, {rows} rows at once too; in TF Serving's shape"
        ).format(rows=TOGETHER)
        passed, why = _why(server, record, refused, good_ones)
        return Verdict(passed, measured, required, why)

    def solve(self, seed: int) -> Settings:
        package = small_model()
        body = json.dumps(_WRAPS["tensorflow"](_as_sent(package, _rows(package, seed))))
        enough_kb = -(-len(body) // 10_000) * 10
        return {**self.setup(), "server": "checked", "protocol": "tensorflow", "limit_kb": enough_kb}


def _why(server: str, record: Record, refused: Estimate, good_ones: Estimate) -> tuple[bool, str]:
    facts = record.facts
    if server == "six":
        return False, _(
            "Six lines trust whoever asks: some mistakes are answered as if nothing were wrong, others end as the "
            "server's own failure. Ship the one that checks."
        )
    if refused.value < refused.n:
        return False, _("{title} got through. Look into the table, and at the longest body that is accepted.").format(
            title=facts["through"]
        )
    if good_ones.value < good_ones.n or facts["together"] == 413:
        return False, _(
            "{rows} rows at once are a good request, and their {kb} kB are longer than you accept. Raise the limit."
        ).format(rows=TOGETHER, kb=facts["together_kb"])
    if not facts["tf_valid"]:
        return False, _(
            "A client of TensorFlow Serving asks /v1/models/…:predict and reads 'predictions'. Speak its protocol."
        )
    return True, _(
        "Every mistake is refused in words that name it, and a client of TensorFlow Serving gets the model's answers."
    )


def _rows(package: ModelPackage, seed: int) -> NDArray[np.float32]:
    """Rows that the model was not trained on. (rows, features)"""
    held_out = rows_for(package)
    return held_out[np.random.default_rng(seed).permutation(len(held_out))[:TOGETHER]]


def _as_sent(package: ModelPackage, rows: NDArray[np.float32]) -> list[Features]:
    """Rows by feature name, with no more digits than tell a float32 apart, as people and programs write them."""
    decoded = [package.manifest.schema.decode(row) for row in rows]
    return [{name: float(str(np.float32(value))) for name, value in row.items()} for row in decoded]  # type: ignore[arg-type]


def _six(package: ModelPackage, records: list[Features], calls: Sequence[Call], cancelled: Cancelled) -> _Tried:
    import joblib

    with ExitStack() as undo:
        file = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="drydock-lesson-"))) / "model.joblib"
        joblib.dump(fitted_of(package).pipeline, file)
        features = json.dumps(list(package.manifest.schema.names))
        service = Service(
            "six lines", "lessons.experiments._six_lines", ("--model", "{files:model}", "--features", features),
            {"model": file},
        )  # fmt: skip
        running = undo.enter_context(ProcessHost().run(service))
        answered = _asked(running.port, "/predict", good(records[:SINGLE], _WRAPS["six"]), cancelled)
        return _Tried(answered, _asked(running.port, "/predict", calls, cancelled), None)


def _checked(
    package: ModelPackage, records: list[Features], protocol: str, limit_bytes: int, cancelled: Cancelled
) -> _Tried:
    wrap = _WRAPS[protocol]
    path = "/predict" if protocol == "native" else f"/v1/models/{package.manifest.name}:predict"
    arguments = ("--package", "{files:package}", "--max-body-bytes", str(limit_bytes))
    service = Service("api", "strategies.serving", arguments, {"package": package.folder})
    with ProcessHost().run(service) as running:
        answered = _asked(running.port, path, good(records[:SINGLE], wrap), cancelled)
        refused = _asked(running.port, path, bad(records[0], wrap), cancelled)
        many = Call("", json.dumps(wrap(records)).encode())
        return _Tried(answered, refused, send(running.port, path, many), len(many.body))


def _asked(port: int, path: str, calls: Sequence[Call], cancelled: Cancelled) -> list[Reply]:
    replies = []
    for call in calls:
        if cancelled():
            raise Stopped("the run was stopped")
        replies.append(send(port, path, call))
    return replies


def _figures(six: _Tried, checked: _Tried) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for server, tried in (("six", six), ("checked", checked)):
        n = len(tried.bad)
        for name, kind in zip(("silent", "refused", "failed"), _KINDS, strict=True):
            figures[f"{name}_{server}"] = exact(tried.count(kind), _("requests"), n)
        figures[f"good_{server}"] = exact(sum(reply.kind == 2 for reply in tried.good), _("requests"), len(tried.good))
    return figures


def _labels() -> dict[str, str]:
    return {
        "silent_six": _("six lines: bad requests answered"),
        "failed_six": _("six lines: failed with a 5xx"),
        "refused_six": _("six lines: refused with a 4xx"),
        "good_six": _("six lines: good requests answered"),
        "silent_checked": _("checked: bad requests answered"),
        "failed_checked": _("checked: failed with a 5xx"),
        "refused_checked": _("checked: refused with a 4xx"),
        "good_checked": _("checked: good requests answered"),
    }


def _direction(six: _Tried) -> int:
    """All refused; none answered but some failed; some answered; all answered."""
    answered, refused, _failed = (six.count(kind) for kind in _KINDS)
    n = len(six.bad)
    return 0 if refused == n else 1 if answered == 0 else 2 if answered < n else 3


def _facts(calls: Sequence[Call], checked: _Tried, protocol: str, expected: NDArray[np.float64]) -> dict[str, Any]:
    assert checked.together is not None
    valid = protocol == "tensorflow" and _is_tf_answer(checked.together, expected)
    yes, no = _("a valid answer in TensorFlow Serving's shape"), _("no answer in TensorFlow Serving's shape")
    through = [_(call.title) for call, reply in zip(calls, checked.bad, strict=True) if reply.kind != 4]
    return {
        "tf_valid": valid,
        "shape": yes if valid else no,
        "through": through[0].capitalize() if through else "",
        "together": checked.together.status,
        "together_kb": f"{checked.together_bytes / 1e3:.0f}",
        "example": next((said for reply in checked.bad if "must" in (said := reply.said())), ""),
    }


def _is_tf_answer(reply: Reply, expected: NDArray[np.float64]) -> bool:
    """Whether it is `{"predictions": [...]}`, one list of probabilities for each row, and the model's own ones."""
    if reply.status != 200:
        return False
    document = json.loads(reply.body)
    if not isinstance(document, dict) or set(document) != {"predictions"}:
        return False
    found = np.asarray(document["predictions"], np.float64)
    return found.shape == expected.shape and bool(np.allclose(found, expected, atol=1e-6))


def _table(calls: Sequence[Call], six: _Tried, checked: _Tried) -> list[dict[str, str | float]]:
    return [
        {
            _("what is wrong"): _(call.title),
            _("six lines"): _word(one),
            _("the one that checks"): _word(other),
            _("which says"): other.said()[:200] or "–",
        }
        for call, one, other in zip(calls, six.bad, checked.bad, strict=True)
    ]


def _word(reply: Reply) -> str:
    words = {2: N_("answered"), 4: N_("refused"), 5: N_("failed")}
    return f"{reply.status} {_(words.get(reply.kind, ''))}".strip()


def _plot(six: _Tried, checked: _Tried) -> Plot:
    names = [_("answered (200)"), _("refused (4xx)"), _("failed (5xx)")]
    lines, tests = ([float(tried.count(kind)) for kind in _KINDS] for tried in (six, checked))
    alt = _(
        "What became of {n} bad requests. The six lines answered {a:.0f}, refused {b:.0f} and failed on {c:.0f}; the "
        "server that checks answered {d:.0f}, refused {e:.0f} and failed on {f:.0f}."
    ).format(n=len(six.bad), a=lines[0], b=lines[1], c=lines[2], d=tests[0], e=tests[1], f=tests[2])
    return Plot(
        _("What the server did"), _("Bad requests"),
        (Series(_("six lines"), names, lines, drawn="points"),
         Series(_("the one that checks"), names, tests, drawn="points")),
        alt, predicts="y", predicted_at=names[0],
    )  # fmt: skip
