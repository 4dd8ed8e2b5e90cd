"""Moving parts, attack surface, lock-in and skills, as things that are counted one by one, none weighted.

The rubric is in `RUBRIC`; every figure comes with the items that it counts, so that anyone can dispute one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.plan import PerRequest, Visit, walk
from simulators.risk.faults.broker_loss import brokered
from simulators.risk.subject import Subject

RUBRIC: Mapping[str, str] = {
    "deployable_units": "Moving parts: what is released, started and watched by itself. Each unit of the plan, the "
    "broker, and the job that computes answers beforehand.",
    "network_hops": "Moving parts: messages that one request and its answer send from process to process, the user's "
    "own way to the first and back included.",
    "images": "Attack surface: container images and function packages that somebody keeps up to date.",
    "ports": "Attack surface: ports that something listens on; a function's address on the internet counts as one.",
    "secrets": "Attack surface: tokens, passwords and keys that must be kept, handed out and changed.",
    "provider_services": "Lock-in: services of one provider that would have to be replaced on leaving it.",
    "technologies": "Skills: technologies that somebody must know to run it, besides Python and HTTP.",
}
_PROVIDER: Mapping[str, tuple[str, ...]] = {
    "serverless": ("AWS Lambda", "Amazon API Gateway"),
    "managed_endpoint": ("Amazon SageMaker endpoint", "Amazon ECR"),
    "managed_serverless": ("Amazon SageMaker serverless endpoint", "Amazon ECR"),
}
_SKILLS: Mapping[str, tuple[str, ...]] = {
    "container_orchestrated": ("containers", "Kubernetes"),
    "microservices": ("containers", "Kubernetes"),
    "serverless": ("AWS SAM", "AWS IAM"),
    "managed_endpoint": ("containers", "Amazon SageMaker", "AWS IAM"),
    "managed_serverless": ("containers", "Amazon SageMaker", "AWS IAM"),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """What each figure counts, item by item."""

    items: Mapping[str, tuple[str, ...]]

    def __getitem__(self, name: str) -> int:
        return len(self.items[name])


def counted(subject: Subject, architecture: str) -> Counted:
    """The items of every figure of the rubric. `architecture` is a file in simulators/architectures/."""
    plan, broker = subject.plan, ["broker"] if brokered(subject.plan) else []
    job = ["batch job"] if any(station.refresh is not None for station in plan.stations) else []
    units = [unit.name for unit in plan.units]
    functions = [unit.name for unit in plan.units if isinstance(unit.scaling, PerRequest)]
    consumers = [unit.name for unit in brokered(plan)]
    listening = [name for name in units if name not in consumers]
    managed = _PROVIDER.get(architecture, ())
    only_functions = bool(functions) and len(functions) == len(units)
    return Counted(
        {
            "deployable_units": (*units, *broker, *job),
            "network_hops": _hops(subject),
            "images": (*units, *broker),  # the job runs the image of what it computes for
            "ports": tuple(f"{name}'s" for name in (*listening, *broker)),
            "secrets": _secrets(listening, architecture, bool(broker), only_functions),
            "provider_services": managed,
            "technologies": (
                *_SKILLS.get(architecture, ()), *(["NATS JetStream"] if broker else []),
                *(["scheduled jobs"] if job else []),
            ),
        }
    )  # fmt: skip


def _hops(subject: Subject) -> tuple[str, ...]:
    found = ["user to service", "service to user"]
    consumers = {station.name for unit in brokered(subject.plan) for station in unit.stations}
    for step in walk(subject.plan.request):
        if isinstance(step, Visit) and step.hop is not None:
            via = "broker" if step.station in consumers else ""
            found += [f"to {via or step.station}", f"from {via or step.station}"]
            if via:  # in and out of the broker, both ways
                found += [
                    f"broker's part of the way to {step.station}",
                    f"broker's part of the way from {step.station}",
                ]
    return tuple(found)


def _secrets(listening: list[str], architecture: str, broker: bool, only_functions: bool) -> tuple[str, ...]:
    found = [f"clients' token of {name}" for name in listening]
    found += ["broker's token"] if broker else []
    found += ["provider's credentials"] if architecture in _PROVIDER else []
    found += ["cluster's credentials"] if "Kubernetes" in _SKILLS.get(architecture, ()) else []
    return (*found, *([] if only_functions else ["registry's credentials"]))
