"""A release as plain values: what a job's payload, a router's command line and a page's address carry.

>>> chosen = make_policy({"policy": "canary", "settings": {"step": 0.1}, "judge": "thresholds"})
>>> describe(chosen)["judge"]
'thresholds'
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from typing import Any, get_type_hints

from data.discovery import kind, kind_name, kinds
from data.errors import InvalidValue
from strategies.releases.contract import ReleasePolicy
from strategies.releases.judges.contract import Judge

JUDGES, POLICIES = "strategies.releases.judges", "strategies.releases"


def make_policy(choice: Mapping[str, Any]) -> ReleasePolicy:
    """The policy that `policy` names, with its `settings`, and the `judge` it asks with its `judge_settings`.

    Raises `UnknownKind` for a name that does not exist and `InvalidValue` for a setting that the kind does not have.
    """
    cls = kind(POLICIES, ReleasePolicy, choice.get("policy", "canary"))  # type: ignore[type-abstract]
    settings = dict(choice.get("settings", {}))
    if "judge" in settings_of(cls, with_judge=True):
        if choice.get("judge"):
            settings["judge"] = make_judge(choice["judge"], choice.get("judge_settings", {}))
    elif choice.get("judge"):
        raise InvalidValue("judge", choice["judge"], f"is never asked by {kind_name(cls)}", "leave the judge out")
    made: ReleasePolicy = _made(cls, settings, settings_of(cls, with_judge=True))
    return made


def make_judge(name: str, settings: Mapping[str, Any]) -> Judge:
    """The judge of that name."""
    cls = kind(JUDGES, Judge, name)  # type: ignore[type-abstract]
    made: Judge = _made(cls, dict(settings), settings_of(cls))
    return made


def describe(policy: ReleasePolicy) -> dict[str, Any]:
    """What `make_policy` makes the same policy from, in values that JSON knows."""
    judge = getattr(policy, "judge", None)
    found: dict[str, Any] = {"policy": kind_name(type(policy)), "settings": values_of(policy)}
    if judge is not None:
        found |= {"judge": kind_name(type(judge)), "judge_settings": values_of(judge)}
    return found


def settings_of(cls: type[ReleasePolicy] | type[Judge], with_judge: bool = False) -> dict[str, Any]:
    """Name to type of what a kind may be set to."""
    hints = get_type_hints(cls)
    return {f.name: hints[f.name] for f in fields(cls) if f.init and (with_judge or f.name != "judge")}


def policies() -> Mapping[str, type[ReleasePolicy]]:
    """Every policy, by name."""
    return kinds(POLICIES, ReleasePolicy)  # type: ignore[type-abstract]


def judges() -> Mapping[str, type[Judge]]:
    """Every judge, by name."""
    return kinds(JUDGES, Judge)  # type: ignore[type-abstract]


def _made(cls: Any, settings: dict[str, Any], known: Mapping[str, Any]) -> Any:
    for name, value in settings.items():
        if name not in known:
            raise InvalidValue(name, value, f"is not a setting of {kind_name(cls)}", f"choose from {', '.join(known)}")
        if known[name] in (float, int) and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InvalidValue(
                name, value, "must be a number", f"the default is {cls.__dataclass_fields__[name].default}"
            )
    return partial(cls, **{n: tuple(v) if isinstance(v, list) else v for n, v in settings.items()})()


def values_of(thing: ReleasePolicy | Judge) -> dict[str, Any]:
    """A policy's or a judge's settings, in values that JSON knows."""
    own = {name: getattr(thing, name) for name in settings_of(type(thing))}
    return {name: [str(v) for v in value] if isinstance(value, tuple) else value for name, value in own.items()}
