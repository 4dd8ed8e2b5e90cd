"""The last lesson: attack a server of your own, fit a model onto a small device, and decide for your own traffic."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from data.errors import Cancelled as Stopped
from data.estimate import Estimate, Figure
from data.estimates import as_text
from data.estimates.percentiles import percentile
from data.estimates.text import digits
from data.provenance import Origin
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Choice, Number, Option
from lessons.experiments._attacks import Attack, Defence, attack, guarded
from lessons.experiments._capstone import CANDIDATES, Decided, decide_for, own_package, profile_of
from lessons.experiments._small_model import small_model
from lessons.language import N_, _
from lessons.record import Outcome, Plot, Record, Series, exact
from strategies.packaging.package import ModelPackage

ATTACKS = 5
FILE_KIB, LOSS, DEVICE_MIB = 64, 0.01, 256
RECORD_FILE = "decision_record.md"
_PREDICTIONS = 400


@dataclass(frozen=True, slots=True)
class _OnDevice:
    """A form of the digits' network on the small device."""

    file_bytes: int
    accuracy: Figure
    loss: float
    """How much lower its accuracy is than the original's."""
    p99_ms: Figure
    peak_mib: float


class SecurityEdgeCapstone(Experiment):
    origin: ClassVar[Origin] = "measured"
    compiled: ClassVar[bool] = True
    controls: ClassVar[tuple[Control, ...]] = (
        Choice(
            "defence", N_("Defence of the server"),
            (Option("open", N_("open: whoever asks is answered")), Option("token", N_("a token for clients")),
             Option("signed", N_("a token, and models must be signed"))),
        ),
        Choice(
            "form", N_("Model on the device"),
            (Option("original", N_("original: four bytes a weight")),
             Option("int8", N_("quantised: one byte a weight"))),
        ),
        Number(
            "rate_rps", N_("Your traffic: requests a second, on average"), 0.5, 50.0, 0.5, 2.0, "per s",
            N_("The forecast that the decision is for."),
        ),
    )  # fmt: skip

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        def step(share_done: float, text: str) -> None:
            if cancelled():
                raise Stopped("the run was stopped")
            progress(_("working"), share_done, text)

        step(0.0, _("finding your model"))
        own = own_package()
        package = own or small_model()
        defence: Defence = settings["defence"]  # type: ignore[assignment]
        step(0.2, _("attacking the server"))
        with guarded(package, defence) as server:
            attacks = attack(server)
            latencies_s = server.latencies_s()
            step(0.3, _("measuring what occupies it"))
            profile = profile_of(server, cancelled)
        step(0.4, _("trying the small device"))
        device = _on_device(str(settings["form"]), cancelled)
        step(0.6, _("deciding for your traffic"))
        decided = decide_for(package, profile, float(settings["rate_rps"]), seed, cancelled)
        figures, labels = _figures(attacks, device, latencies_s, decided)
        return Record(
            settings=dict(settings), seed=seed, origin=self.origin, figures=figures, labels=labels,
            plot=_plot(attacks), outcome=Outcome(_direction(attacks), "through"),
            provenance=_("Measured: a server of {model} on this machine, {n} attacks, a device of {mib} MiB; the "
                         "decision from a profile of that server, occupied {busy:.2g} ms by a request, seed {seed}")
            .format(model=_("the model {name}").format(name=package.manifest.name) if own else _("the tumour model"),
                    n=len(attacks), mib=DEVICE_MIB, busy=profile.occupancy_s * 1e3, seed=seed),
            notes=_notes(own, decided), facts=_facts(attacks, decided),
            tables={_("Attacks"): _attack_rows(attacks), _("What a month would cost, in USD"): _cost_rows(decided)},
            files={RECORD_FILE: decided.record},
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        through, size, loss = (record.figures[name] for name in ("through", "file", "loss"))
        assert isinstance(through, Estimate)
        assert isinstance(size, Estimate)
        assert isinstance(loss, Estimate)
        flip, chosen = str(record.facts["flip"]), str(record.facts["chosen"])
        measured = _(
            "{through}; {size}, {loss} less right; the record chooses {chosen} and {names} what would flip it"
        ).format(
            through=as_text(through, interval=False), size=as_text(size, interval=False),
            loss=as_text(loss, interval=False), chosen=chosen or _("nothing"),
            names=_("names") if flip else _("does not name"),
        )  # fmt: skip
        required = _(
            "no attack gets through; at most {kib} KiB and {loss:.0%} less right; a choice, and what would flip it"
        ).format(kib=FILE_KIB, loss=LOSS)
        if through.value > 0:
            why = _("Something got through: {names}. Ask what would have told it apart from what is yours.").format(
                names=record.facts["through_names"]
            )
        elif size.value > FILE_KIB or loss.value > LOSS:
            why = _("The server holds. On the device the model is still too large, or has lost too much.")
        elif not chosen or not flip:
            why = _("The record does not say at which value another choice would be right. Try another traffic.")
        else:
            return Verdict(
                True, measured, required, _("All refused, small enough, and decided. {flip}").format(flip=flip)
            )
        return Verdict(False, measured, required, why)

    def solve(self, seed: int) -> Settings:  # noqa: ARG002
        return {**self.setup(), "defence": "signed", "form": "int8"}


def _on_device(form: str, cancelled: Cancelled) -> _OnDevice:
    """Run one form of a network that reads digits with one core and little memory, in a process of its own."""
    from strategies.edge.compare import score
    from strategies.edge.device import MIB, Device
    from strategies.edge.quantise import quantise
    from strategies.edge.rows import known_rows
    from strategies.edge.trial import run_trial
    from strategies.packaging.runtime import load_predictor, open_session, output_name

    package: ModelPackage = small_model("digits", "neural_network", width=512, max_epochs=15)
    known = known_rows(package)
    output = output_name(open_session(package.served_file), len(package.manifest.outputs))
    before = score(package.manifest, load_predictor(package).predict(known.rows), known)
    with tempfile.TemporaryDirectory(prefix="drydock-edge-") as folder:
        file = package.served_file
        if form == "int8":
            file = quantise(package, Path(folder) / "int8.onnx").file
        device = Device(DEVICE_MIB * MIB)
        trial = run_trial(file, output, known.rows, device, predictions=_PREDICTIONS, cancelled=cancelled)
        size = file.stat().st_size
    after = score(package.manifest, trial.answers, known)
    lost = before.value - after.value if isinstance(before, Estimate) and isinstance(after, Estimate) else 0.0
    p99_ms = percentile((trial.end_s - trial.start_s) * 1e3, 99)
    return _OnDevice(size, after, lost, p99_ms, trial.peak_bytes / MIB)


def _direction(attacks: Sequence[Attack]) -> int:
    """Which option came true: none gets through, one, two, three or more."""
    return min(sum(not one.refused for one in attacks), 3)


def _figures(
    attacks: Sequence[Attack], device: _OnDevice, latencies_s: Sequence[float], decided: Decided
) -> tuple[Mapping[str, Figure], Mapping[str, str]]:
    through = sum(not one.refused for one in attacks)
    n = device.accuracy.n
    figures: dict[str, Figure] = {
        "through": exact(through, _("attacks"), len(attacks)),
        "refused": exact(len(attacks) - through, _("attacks"), len(attacks)),
        "file": exact(round(device.file_bytes / 1024, 1), "KiB"),
        "accuracy": device.accuracy,
        "loss": exact(max(device.loss, 0.0), "share", n),
        "device_p99": device.p99_ms,
        "memory": exact(round(device.peak_mib, 1), "MiB"),
        "answer": exact(1e3 * sum(latencies_s) / len(latencies_s), "ms", len(latencies_s)),
    }
    labels = {
        "through": _("got through"),
        "refused": _("were refused"),
        "file": _("the model on the device"),
        "accuracy": _("right on the device"),
        "loss": _("less than the original"),
        "device_p99": _("p99 on the device"),
        "memory": _("memory on the device, with the runtime"),
        "answer": _("an answer of the server, with its way"),
    }
    if decided.flip_factor:
        figures["factor"] = exact(round(decided.flip_factor, 3), _("times what it is now"))
        labels["factor"] = _("the nearest change that flips the choice")
    return figures, labels


def _facts(attacks: Sequence[Attack], decided: Decided) -> Mapping[str, Any]:
    return {
        "through_names": ", ".join(_(one.name) for one in attacks if not one.refused) or _("none"),
        "chosen": decided.chosen,
        "flip": decided.flip,
        "candidates": str(len(CANDIDATES)),
    }


def _notes(own: ModelPackage | None, decided: Decided) -> tuple[str, ...]:
    named = _("The decision record can be downloaded below. {flip}").format(flip=decided.flip)
    if own is not None:
        return (named,)
    return (
        _("No model has been packaged here yet, so this is the tumour model. Train or upload your own and run again."),
        named,
    )


def _attack_rows(attacks: Sequence[Attack]) -> list[dict[str, str | float]]:
    words = {True: _("refused"), False: _("got through")}
    return [{_("attack"): _(one.name), _("came of it"): words[one.refused], _("answer"): one.answer} for one in attacks]


def _cost_rows(decided: Decided) -> list[dict[str, str | float]]:
    """The bills at some of the rates that were tried; an empty row where there are none."""
    shown = range(0, len(decided.rate_rps), 8)
    rows: list[dict[str, str | float]] = [
        {_("requests a second"): digits(decided.rate_rps[i]),
         **{name: f"{costs[i]:,.2f}" for name, costs in decided.usd.items()}}
        for i in shown
    ]  # fmt: skip
    return rows or [{_("requests a second"): "", _("cost"): _("not known")}]


def _plot(attacks: Sequence[Attack]) -> Plot:
    names = [_(one.name) for one in attacks]
    so_far = [sum(not one.refused for one in attacks[: place + 1]) for place in range(len(attacks))]
    refused = [sum(one.refused for one in attacks[: place + 1]) for place in range(len(attacks))]
    alt = _("Attacks one after the other. In the end {through} of {all} got through: {names}.").format(
        through=so_far[-1], all=len(attacks),
        names=", ".join(name for name, one in zip(names, attacks, strict=True) if not one.refused) or _("none"),
    )  # fmt: skip
    return Plot(
        _("Attack"), _("Attacks so far"), (
            Series(_("got through"), names, [float(n) for n in so_far], drawn="steps"),
            Series(_("were refused"), names, [float(n) for n in refused], drawn="steps"),
        ), alt, predicts="y",
    )  # fmt: skip
