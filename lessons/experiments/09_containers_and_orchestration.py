"""Replicas in containers, one of which is killed while users ask; simulated where there is no container engine."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from data.errors import Cancelled as Stopped
from data.estimate import Estimate, Figure
from data.estimates import Summary, as_text, summarise
from data.provenance import Origin, Provenance
from data.scenario import Candidate, Slo
from data.schema import Feature, Schema
from data.trace import Trace
from data.workloads.constant import Constant
from lessons.contract import Cancelled, Control, Experiment, Progress, Settings, Verdict
from lessons.controls import Number, Switch
from lessons.experiments._replicas import replicas
from lessons.experiments._small_model import small_model
from lessons.language import N_, _
from lessons.record import Guide, Outcome, Plot, Record, Series, exact
from strategies.hosts.container import ContainerHost, ContainerRunning
from strategies.packaging.package import Manifest, ModelPackage

RATE_RPS, DURATION_S, KILLED_S = 40.0, 8.0, 2.0
SLO = Slo(percentile=95, latency_ms=5_000)
PROMISED = 0.95
TIMEOUT_S = 5.0
CPUS, MEMORY_MIB = 0.5, 256
RESTORE_WITHIN_S = 60.0
_SERVICE_S, _START_S, _NEVER_S = 0.004, 2.5, 1e6
"""What the simulation assumes where nothing can be measured: an answer, a container's start, and no replacement."""


@dataclass(frozen=True, slots=True)
class _Happened:
    """What users saw, and when all replicas were there again (seconds after the kill; None: not within the run)."""

    trace: Trace
    summary: Summary
    restored_s: float | None
    start_s: float
    notes: tuple[str, ...] = ()


class ContainersAndOrchestration(Experiment):
    origin: ClassVar[Origin] = "measured"
    controls: ClassVar[tuple[Control, ...]] = (
        Number("replicas", N_("Replicas"), 1, 3, 1, 1, "", N_("Containers that serve the same model.")),
        Number(
            "probe_s", N_("Time between two probes"), 0.25, 4.0, 0.25, 2.0, "s",
            N_("How often each replica is asked whether it is ready. Until a probe is missed, it gets requests."),
        ),
        Switch(
            "restart", N_("Replace a replica that died"), True,
            N_("What an orchestrator does; Docker alone does it only if told to."),
        ),
    )  # fmt: skip

    def origin_here(self) -> Origin:
        return "simulated" if ContainerHost().missing() else "measured"

    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        if cancelled():
            raise Stopped("the run was stopped")
        lacks = ContainerHost().missing()
        progress(_("starting"), 0.05, "")
        found = _simulated(settings, seed, lacks) if lacks else _measured(settings, seed, progress, cancelled)
        origin: Origin = "simulated" if lacks else "measured"
        figures, labels = _figures(found)
        said = _("Simulated") if lacks else _("Measured in Docker containers on this machine")
        return Record(
            settings=dict(settings), seed=seed, origin=origin, figures=figures, labels=labels,
            plot=_plot(found), outcome=Outcome(_direction(figures), "failed"),
            provenance=_("{said}: {n} requests in {duration:.0f} s, a replica killed after {killed:.0f} s, seed {seed}")
            .format(said=said, n=found.summary.n, duration=DURATION_S, killed=KILLED_S, seed=seed),
            notes=(*found.notes, *found.summary.problems),
            facts={"restored": found.restored_s is not None, "wrong_fields": _wrong(settings),
                   "replicas_said": str(settings["replicas"])},
            tables={_("The Kubernetes manifest that these settings make"): _rows(settings)},
        )  # fmt: skip

    def check(self, record: Record) -> Verdict:
        kept = record.figures["kept"]
        assert isinstance(kept, Estimate)
        restored, wrong = bool(record.facts["restored"]), list(record.facts["wrong_fields"])
        measured = _("{kept} in time; replicas complete again: {restored}; manifest: {manifest}").format(
            kept=as_text(kept), restored=_("yes") if restored else _("no"),
            manifest=_("in order") if not wrong else _("change {fields}").format(fields=", ".join(wrong)),
        )  # fmt: skip
        required = _("at least {share:.0%} answered within {slo:g} s; complete again; manifest in order").format(
            share=PROMISED, slo=SLO.latency_ms / 1e3
        )
        if kept.value < PROMISED:
            why = _("Too many requests went to a replica that was dead, or to nobody. Think of who else could have "
                    "answered, and for how long nobody knew.")  # fmt: skip
        elif not restored:
            why = _("Users noticed little, and the next kill would find one replica less. Somebody has to replace it.")
        elif wrong:
            why = _("It went well, and the manifest does not say so yet: {fields}.").format(fields=", ".join(wrong))
        else:
            why = _("The others carried on, the balancer soon knew, and a new replica took the dead one's place.")
            return Verdict(True, measured, required, why)
        return Verdict(False, measured, required, why)

    def solve(self, seed: int) -> Settings:  # noqa: ARG002
        return {"replicas": 3, "probe_s": 0.25, "restart": True}


def _measured(settings: Settings, seed: int, progress: Progress, cancelled: Cancelled) -> _Happened:
    """Start real containers, ask them, and kill one with the engine's own command."""
    from data.catalogue import find_dataset
    from strategies.loadgen import drive
    from strategies.packaging.runtime import headline
    from strategies.releases.live.fleets import serving

    package = small_model()
    schema = package.manifest.schema
    rows = schema.encode(find_dataset("tumour").load().head(100))
    service = replace(serving(package, 1, TIMEOUT_S), name="replica", cpus=CPUS, memory_bytes=MEMORY_MIB << 20)
    schedule = Constant(rate_rps=RATE_RPS, duration_s=DURATION_S).schedule(len(rows), seed)
    progress(_("starting containers; the first time, their image is built"), 0.2)
    with replicas(
        service, ContainerHost(), schema, count=int(settings["replicas"]), timeout_s=TIMEOUT_S,
        probe_s=float(settings["probe_s"]), restart=bool(settings["restart"]),
    ) as fleet:  # fmt: skip
        victim, killed = fleet.first(), threading.Timer(KILLED_S, lambda: _kill(fleet.first()))
        assert isinstance(victim, ContainerRunning)
        killed.start()
        began_s = time.perf_counter()
        try:
            driven = drive(
                fleet,
                schedule,
                rows,
                timeout_s=TIMEOUT_S,
                cancelled=cancelled,
                on_progress=lambda part: progress(_("asking"), 0.3 + 0.6 * part, _("a replica is killed on the way")),
            )
            _wait_until_restored(fleet, bool(settings["restart"]), cancelled)
        finally:
            killed.cancel()
            killed.join()
        restored_s = None if fleet.restored_s is None else fleet.restored_s - began_s - KILLED_S
        start_s, failure, usage = float(np.mean(fleet.start_s)), fleet.failure, fleet.usage()
    answered = ~np.isnan(driven.outputs[:, 0])
    answer = np.full(len(answered), np.nan)
    if answered.any():
        answer[answered] = headline(driven.outputs[answered], package.manifest.task)
    trace = Trace.build(
        {**driven.columns, "answer": answer}, versions=driven.versions, usage=usage,
        provenance=Provenance("measured", "replicas", "", seed, problems=driven.problems),
    )  # fmt: skip
    return _Happened(trace, summarise([trace], SLO), restored_s, start_s, (failure,) if failure else ())


def _wait_until_restored(fleet: Any, restart: bool, cancelled: Cancelled) -> None:
    """A busy machine may take longer to start a container than users went on asking."""
    until_s = time.perf_counter() + RESTORE_WITHIN_S
    while restart and fleet.restored_s is None and not fleet.failure and time.perf_counter() < until_s:
        if cancelled():
            raise Stopped("the run was stopped")
        time.sleep(0.05)


def _kill(running: Any) -> None:
    from strategies.containers import engine

    client = engine.connected()
    try:
        client.api.kill(running.id)
    finally:
        client.close()


def _simulated(settings: Settings, seed: int, lacks: str) -> _Happened:
    """The same replicas, probe and kill, with assumed durations."""
    from simulators.plan import Crash, Exponential, Fixed, Kill, one_station
    from simulators.simulate import simulate

    down_s = _START_S + float(settings["probe_s"]) if settings["restart"] else _NEVER_S
    never = Crash(Exponential(1e9), Exponential(down_s), detect_s=float(settings["probe_s"]) / 2)
    plan = one_station(Exponential(_SERVICE_S), name="model")
    home = replace(plan.units[0], scaling=Fixed(int(settings["replicas"])), crash=never)
    plan = replace(plan, units=(home,), faults=(Kill("model", KILLED_S, down_s, replica=0),))
    traffic = Constant(rate_rps=RATE_RPS, duration_s=DURATION_S)
    result = simulate(plan, traffic, seed=seed, engine="simpy", watch=(), warm_up_s=0.0, candidate="replicas")
    assert result.trace is not None
    restored_s = down_s if settings["restart"] else None
    note = _("Simulated, as no container can run here. {how}").format(how=lacks)
    return _Happened(result.trace, summarise([result.trace], SLO), restored_s, _START_S, (note,))


def _direction(figures: Mapping[str, Figure]) -> int:
    """Which option came true: none fail, under 5%, up to half, more than half."""
    failed = figures["failed"]
    value = failed.value if isinstance(failed, Estimate) else 0.0
    return 0 if value == 0 else 1 if value < 0.05 else 2 if value <= 0.5 else 3


def _figures(found: _Happened) -> tuple[Mapping[str, Figure], Mapping[str, str]]:
    summary = found.summary
    figures: dict[str, Figure] = {
        "failed": summary.failed_share,
        "kept": summary.slo_attained_share,
        "median": summary.p50_ms,
        "lost": exact(int((~found.trace.ok).sum()), _("requests"), summary.n),
        "start": exact(round(found.start_s, 3), "s"),
    }
    labels = {
        "failed": _("requests that failed"),
        "kept": _("answered within five seconds"),
        "lost": _("lost in all"),
        "median": _("median latency"),
        "start": _("start of a container"),
    }
    if found.restored_s is not None:
        figures["restored"] = exact(round(found.restored_s, 3), "s")
        labels["restored"] = _("from the kill until all replicas served again")
    return figures, labels


def _plot(found: _Happened) -> Plot:
    width_s = 0.5
    edges = np.arange(0, DURATION_S + width_s / 2, width_s)
    at_s = found.trace.scheduled_s
    asked, _edges = np.histogram(at_s, edges)
    ok, _edges = np.histogram(at_s[found.trace.ok], edges)
    failed = np.where(asked > 0, 100 * (1 - ok / np.maximum(asked, 1)), 0.0)
    whole = 100 * float((~found.trace.ok).mean())
    guides = [Guide(_("a replica is killed"), x=KILLED_S)]
    if found.restored_s is not None and found.restored_s + KILLED_S <= DURATION_S:
        guides.append(Guide(_("complete again"), x=round(KILLED_S + found.restored_s, 2)))
    alt = _(
        "Share of requests that failed in each half second. A replica is killed after {killed:.0f} seconds; up to "
        "{worst:.0f}% fail afterwards, {whole:.1f}% over the whole run."
    ).format(killed=KILLED_S, worst=failed.max(), whole=whole)
    series = (
        Series(_("failed, by half second"), edges[:-1].tolist(), failed.tolist(), drawn="steps"),
        Series(_("failed, of the whole run"), [0.0, DURATION_S], [whole, whole]),
    )
    return Plot(_("Seconds"), _("Requests that failed, in percent"), series, alt, guides=tuple(guides))


def manifests(settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Deployment and the Service that Kubernetes would be given."""
    from simulators.shipping.files.kubernetes import deployment, service
    from simulators.shipping.shipment import Resources, Shipment

    candidate = Candidate(
        name="api", strategy="api", host="container", architecture="container_orchestrated",
        workers=int(settings["replicas"]), settings={},
    )  # fmt: skip
    about = Manifest(
        "tumour", "1", "binary", "malignant", Schema((Feature("radius"),)), ("benign", "malignant"), "onnx", {}
    )
    shipment = Shipment(ModelPackage(Path(), about), candidate, SLO, Resources(CPUS, MEMORY_MIB << 20))
    made = deployment(shipment)
    container = made["spec"]["template"]["spec"]["containers"][0]
    container["readinessProbe"] |= {"periodSeconds": max(1, round(float(settings["probe_s"]))), "failureThreshold": 1}
    # Other manifests leave room for twice as many processors; this experiment's containers get what they are promised.
    container["resources"]["limits"] = dict(container["resources"]["requests"])
    return made, service(shipment, shipment.name)


def faults(deployment: Mapping[str, Any], service: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with such manifests, by field; each rule is one that a cluster or an operator holds them to."""
    spec, pod = deployment["spec"], deployment["spec"]["template"]
    container = pod["spec"]["containers"][0]
    labels, ports = pod["metadata"]["labels"], {port["name"]: port for port in container.get("ports", ())}
    resources = container.get("resources", {})
    rules = {
        "replicas": (spec["replicas"] >= 2, _("a single replica has no other to take over")),
        "selector": (spec["selector"]["matchLabels"].items() <= labels.items(), _("must match the pod's labels")),
        "image": (":" in container["image"] and not container["image"].endswith(":latest"), _("must name a version")),
        "limits": ({"cpu", "memory"} <= resources.get("limits", {}).keys(), _("must bound processor and memory")),
        "readinessProbe": ("readinessProbe" in container, _("without one, requests go to whoever is not ready")),
        "service.selector": (service["spec"]["selector"].items() <= labels.items(), _("must find the pods")),
        "service.ports": (service["spec"]["ports"][0]["targetPort"] in ports, _("must lead to the container's port")),
    }
    return {field: why for field, (good, why) in rules.items() if not good}


def _wrong(settings: Settings) -> list[str]:
    return list(faults(*manifests(settings)))


def _rows(settings: Settings) -> list[dict[str, str | float]]:
    made, service = manifests(settings)
    wrong = faults(made, service)
    container = made["spec"]["template"]["spec"]["containers"][0]
    shown = {
        "replicas": str(made["spec"]["replicas"]),
        "selector": str(next(iter(made["spec"]["selector"]["matchLabels"].values()))),
        "image": container["image"],
        "limits": ", ".join(f"{name} {value}" for name, value in container["resources"]["limits"].items()),
        "readinessProbe": f"GET {container['readinessProbe']['httpGet']['path']}, "
        f"{container['readinessProbe']['periodSeconds']} s",
        "service.selector": str(next(iter(service["spec"]["selector"].values()))),
        "service.ports": f"{service['spec']['ports'][0]['port']} → {service['spec']['ports'][0]['targetPort']}",
    }
    ok = _("in order")
    return [{_("field"): field, _("value"): text, _("so"): wrong.get(field, ok)} for field, text in shown.items()]
