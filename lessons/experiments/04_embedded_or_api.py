"""The same model in the application and behind HTTP: equal answers, and where the difference in time goes."""

import http.client
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import orjson
from numpy.typing import NDArray

from data.errors import Cancelled as Stopped
from data.errors import DrydockError
from data.estimate import Estimate, Figure
from data.estimates import as_text, percentile
from data.home import home
from data.provenance import Origin
from data.schema import Schema
from lessons.contract import Cancelled, Control, Experiment, Progress, Record, Settings, Verdict
from lessons.controls import Choice, Number, Option, Switch, Value
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Series, exact
from strategies.hosts.contract import Service
from strategies.hosts.process import ProcessHost
from strategies.loadgen.http_message import request_bytes
from strategies.loadgen.quiet import quiet
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import Predictor, load_predictor
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train

BUDGET_MS = 20.0
"""What a page may spend on scores, at the median."""
CARS = 96
_PAGES = 30
_WARM_UP_PAGES = 5
_SPEC = TrainingSpec(data="car_choice", parameters={"trees": 300}, max_rows=2_000, learning_curve=False, track=False)


@dataclass(slots=True)
class _Clock:
    """Milliseconds that each page took, by what was timed; one entry a page."""

    ms: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        began_s = time.perf_counter()
        yield
        self.ms.setdefault(name, []).append((time.perf_counter() - began_s) * 1e3)


@dataclass(frozen=True, slots=True)
class _Paths:
    """One page's rows, and the two ways to have them scored."""

    rows: NDArray[np.float32]
    """(cars, features)"""
    bodies: Sequence[list[list[object]]]
    """The rows as JSON has them, one entry a request."""
    predictor: Predictor
    schema: Schema
    server: socket.socket
    """Kept open from one request to the next."""

    def embedded(self) -> NDArray[np.float32]:
        """Function calls, as many as there are requests."""
        parts = np.array_split(self.rows, len(self.bodies))
        return np.concatenate([self.predictor.predict(part) for part in parts])

    def api(self) -> NDArray[np.float32]:
        """One request after the other."""
        found: list[list[float]] = []
        for body in self.bodies:
            answer = orjson.loads(self._ask("POST", "/predict", orjson.dumps({"rows": body})))
            found += [one["probabilities"] for one in answer["predictions"]]
        return np.array(found, np.float32)

    def hops(self) -> None:
        """As many requests, which carry nothing and ask for nothing."""
        for _body in self.bodies:
            self._ask("GET", "/healthz", b"")

    def json(self, answers: NDArray[np.float32]) -> None:
        """What both ends do to turn all numbers into text and back, and to check them."""
        for body, part in zip(self.bodies, np.array_split(answers, len(self.bodies)), strict=True):
            self.schema.encode_rows(orjson.loads(orjson.dumps({"rows": body}))["rows"])
            said = [{"probabilities": row} for row in part]
            orjson.loads(orjson.dumps({"predictions": said}, option=orjson.OPT_SERIALIZE_NUMPY))

    def _ask(self, method: str, path: str, body: bytes) -> bytes:
        headers = {"content-type": "application/json"} if body else {}
        self.server.sendall(request_bytes(method, path, "127.0.0.1", body, headers))
        response = http.client.HTTPResponse(self.server)
        response.begin()
        text = response.read()
        if response.status != 200:
            raise DrydockError(f"The service refused a request with {response.status}: {text[:200]!r}.")
        return text


class EmbeddedOrApi(Experiment):
    origin: ClassVar[Origin] = "measured"
    controls: ClassVar[tuple[Control, ...]] = (
        Number("cars", N_("Cars on the page"), 6, CARS, 6, CARS, "", N_("The model scores each of them.")),
        Switch("together", N_("All cars in one request"), False, N_("Otherwise a request for each car.")),
        Choice(
            "largest", N_("I say that most of the API's time goes into"),
            (
                Option("model", N_("computing the model's answers")),
                Option("hop", N_("the hop: HTTP there and back")),
                Option("json", N_("JSON: writing, reading and checking the numbers")),
            ),
            "json", N_("Your claim, checked with the challenge; a part half as large as the largest counts too."),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        progress(_("training the model"), 0.0)
        if cancelled():
            raise Stopped("the run was stopped")
        package, rows = _model(cancelled)
        picked = np.random.default_rng(seed).choice(len(rows), int(settings["cars"]), replace=False)
        progress(_("starting the service"), 0.1)
        with _paths(package, rows[picked], bool(settings["together"])) as paths, quiet():
            clock, difference = _measure(paths, progress, cancelled)
        figures, labels, facts = _figures(clock, difference, len(paths.bodies))
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=labels,
            plot=_plot(figures), outcome=Outcome(_direction(figures), "api"),
            provenance=_("Measured here: {pages} pages of {cars} cars, both ways in turn, {requests} requests a "
                         "page, over the loopback interface").format(
                pages=_PAGES, cars=len(picked), requests=len(paths.bodies)),
            facts=facts,
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        api, cars = record.figures["api"], int(record.settings["cars"])
        required = _(
            "{cars} cars over the API within {budget:g} ms at the median, equal answers, and the largest part named"
        )
        required = required.format(cars=CARS, budget=BUDGET_MS)
        measured = _("{cars} cars in {api}; difference {difference}; you name: {named}; largest: {largest}").format(
            cars=cars, api=as_text(api), difference=as_text(record.figures["difference"], interval=False),
            named=_part(str(record.settings["largest"])), largest=_part(record.facts["largest"]),
        )  # fmt: skip
        assert isinstance(api, Estimate)
        if cars != CARS:
            why = _("The page shows {cars} cars; put all of them on it.").format(cars=CARS)
        elif not record.facts["equal"]:
            why = _("The two paths answer differently, so one of them does not have the model that was tested.")
        elif api.value > BUDGET_MS:
            why = _("{n} requests, one after the other, pay for the hop {n} times. How could they share it?")
            why = why.format(n=record.facts["requests"])
        elif record.settings["largest"] not in record.facts["large"]:
            why = _("It is quick enough. Look at the parts again: you name one that is not the largest of this set-up.")
        else:
            why = _("All cars share one hop, and what is left goes mostly into what you named.")
            return Verdict(True, measured, required, why)
        return Verdict(False, measured, required, why)

    def solve(self, seed: int) -> Settings:
        settings: dict[str, Value] = {"cars": CARS, "together": True, "largest": "model"}
        record = self.run(settings, seed=seed, progress=lambda *_: None, cancelled=lambda: False)
        return settings | {"largest": str(record.facts["largest"])}


def _model(cancelled: Cancelled) -> tuple[ModelPackage, NDArray[np.float32]]:
    """The model of the lesson, trained once and kept in the state folder, and rows that it has not learned from."""
    folder, rows = home() / "lessons" / "04", home() / "lessons" / "04" / "rows.npy"
    if not rows.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        trained = train(_SPEC, cancelled=cancelled)
        package_trained(trained, folder)
        np.save(rows, trained.held_out)
    kept = next(path for path in Path(folder).iterdir() if path.is_dir())
    loaded: NDArray[np.float32] = np.load(rows)
    return ModelPackage.open(kept), loaded


@contextmanager
def _paths(package: ModelPackage, rows: NDArray[np.float32], together: bool) -> Iterator[_Paths]:
    """A service that holds the model, and the model in this process."""
    schema = package.manifest.schema
    texts = [[_short(value) for value in schema.decode(row).values()] for row in rows]
    arguments = ("--package", "{files:package}", "--max-rows", str(len(rows)))
    service = Service("api", "strategies.serving", arguments, {"package": package.folder})
    bodies = [texts] if together else [[text] for text in texts]
    with ProcessHost().run(service) as running:
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield _Paths(rows, bodies, load_predictor(package), schema, server)


def _short(value: object) -> object:
    """A number with as few digits as tell its float32 apart."""
    return float(str(np.float32(value))) if isinstance(value, float) else value


def _measure(paths: _Paths, progress: Progress, cancelled: Cancelled) -> tuple[_Clock, float]:
    """Time both ways and the parts, in turn, so that whatever else the machine does meets all of them."""
    clock, difference = _Clock(), 0.0
    for page in range(_PAGES + _WARM_UP_PAGES):
        if cancelled():
            raise Stopped("the run was stopped")
        if page == _WARM_UP_PAGES:
            clock = _Clock()
        progress(_("measuring"), 0.2 + 0.8 * page / (_PAGES + _WARM_UP_PAGES), _("page {n}").format(n=page + 1))
        with clock.timed("embedded"):
            own = paths.embedded()
        with clock.timed("api"):
            theirs = paths.api()
        with clock.timed("hop"):
            paths.hops()
        with clock.timed("json"):
            paths.json(own)
        difference = max(difference, float(np.abs(own - theirs).max()))
    return clock, difference


def _figures(
    clock: _Clock, difference: float, requests: int
) -> tuple[Mapping[str, Figure], Mapping[str, str], Mapping[str, Any]]:
    middle = {name: percentile(np.array(found), 50, name=name) for name, found in clock.ms.items()}
    parts = {"hop": middle["hop"], "json": middle["json"], "model": middle["embedded"]}
    rest = middle["api"].value - sum(part.value for part in parts.values())
    figures: dict[str, Figure] = {
        "embedded": middle["embedded"],
        "api": middle["api"],
        "hop": middle["hop"],
        "json": middle["json"],
        "rest": exact(rest, "ms", _PAGES),
        "difference": exact(difference, "", _PAGES),
        "times": exact(middle["api"].value / middle["embedded"].value, "times", _PAGES),
    }
    labels = {
        "embedded": _("a page, embedded (all of it the model)"),
        "api": _("a page, over the API"),
        "hop": _("of it the hops"),
        "json": _("of it JSON, both ends"),
        "rest": _("of it neither of these nor the model"),
        "difference": _("largest difference between answers"),
        "times": _("API over embedded"),
    }
    quick = _quick_parts(clock)
    facts = {
        "requests": requests,
        "largest": max(quick, key=quick.__getitem__),
        "large": [name for name, ms in quick.items() if ms >= max(quick.values()) / 2],
        "equal": bool(difference == 0.0),
        "one_hop": f"{middle['hop'].value / requests:.2f} ms",
    }
    return figures, labels, facts


def _quick_parts(clock: _Clock) -> dict[str, float]:
    """Parts in ms by the quickest tenth of the pages: what else the machine did then disturbed them the least."""
    parts = {"hop": "hop", "json": "json", "model": "embedded"}
    return {part: float(np.percentile(clock.ms[name], 10)) for part, name in parts.items()}


def _direction(figures: Mapping[str, Figure]) -> int:
    """Which option came true: less than 1.5 times as long, up to 5 times, or more."""
    times = figures["times"]
    assert isinstance(times, Estimate)
    return 0 if times.value < 1.5 else 1 if times.value <= 5 else 2


def _part(name: str) -> str:
    names: Mapping[str, Callable[[], str]] = {
        "model": lambda: _("the model"), "hop": lambda: _("the hop"), "json": lambda: _("JSON"),
    }  # fmt: skip
    return names[name]()


def _plot(figures: Mapping[str, Figure]) -> Plot:
    shown = {"embedded": _("embedded"), "api": _("API"), "hop": _("hops"), "json": _("JSON")}
    found = [figures[name] for name in shown]
    known = [one for one in found if isinstance(one, Estimate)]
    alt = _("Milliseconds for a page at the median: embedded {embedded}, over the API {api}, of which hops {hop} and "
            "JSON {json}. The budget is {budget:g} ms.").format(
        budget=BUDGET_MS, **{name: as_text(figures[name], interval=False) for name in shown})  # fmt: skip
    whole = Series(
        _("milliseconds a page, median with its interval"), list(shown.values()), [one.value for one in known],
        [one.low for one in known], [one.high for one in known], "points",
    )  # fmt: skip
    return Plot(
        _("Way, and parts of the API's time"), _("Milliseconds a page (logarithmic)"), (whole,), alt,
        guides=(Guide(_("budget {budget:g} ms").format(budget=BUDGET_MS), y=BUDGET_MS),), y_axis="log",
        predicts="y", predicted_at=shown["api"],
    )  # fmt: skip
