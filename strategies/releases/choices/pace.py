"""The same release at another pace: as in production, or in seconds, to be watched."""

from collections.abc import Mapping
from typing import Any

from strategies.releases.choices import judges, policies, settings_of, values_of

PACES: Mapping[str, float] = {"seconds": 1 / 120, "minutes": 1.0}
"""Factors on a policy's times: its own are meant for production, with a decision a minute."""
_LIMITS = ("max_p99_s", "slow_s")
"""Judges' limits on latency, which a service level objective sets."""


def is_judged(policy: str) -> bool:
    """Whether a policy asks a judge."""
    return "judge" in settings_of(policies()[policy], with_judge=True)


def paced_settings(policy: str, pace: str) -> dict[str, Any]:
    """A policy's settings at a pace: every time is so many times as long."""
    found = values_of(policies()[policy]())
    return {name: value * PACES[pace] if name.endswith("_s") else value for name, value in found.items()}


def judge_settings(judge: str, slo_s: float) -> dict[str, Any]:
    """A judge's settings, with the service level objective as its limit on latency."""
    found = values_of(judges()[judge]())
    return found | {name: slo_s for name in _LIMITS if name in found}
