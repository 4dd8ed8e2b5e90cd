"""Releases for real, without a page: ``python -m strategies.releases.live --package FOLDER --fault errors``.

Prints each decision as it is taken, then the verdict and what users got; ends with status 1 unless it was promoted.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from data.errors import DrydockError
from strategies.releases.choices import judges, policies
from strategies.releases.choices.pace import is_judged, judge_settings, paced_settings
from strategies.releases.faults._choosing import faults
from strategies.releases.live.job import WAYS, run_release
from strategies.releases.outcome.words import verdict_in_words


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    try:
        found = run_release(_payload(asked), _Told())
    except DrydockError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if asked.json:
        print(json.dumps(found, indent=1))
    else:
        print(*verdict_in_words(found["log"], found["outcome"]), sep=": ")
        print("\n".join(f"{name}: {value}" for name, value in found["outcome"].items()))
    return 0 if found["outcome"]["verdict"] == "promote" else 1


def _payload(asked: argparse.Namespace) -> dict[str, Any]:
    policy: dict[str, Any] = {"policy": asked.policy, "settings": paced_settings(asked.policy, "seconds")}
    policy["settings"] |= json.loads(asked.settings)
    if is_judged(asked.policy):
        settings = judge_settings(asked.judge, asked.slo_s) | json.loads(asked.judge_settings)
        policy |= {"judge": asked.judge, "judge_settings": settings}
    traffic = {"kind": "poisson", "rate_rps": asked.rate_rps, "duration_s": asked.duration_s}
    return {
        "package": str(asked.package), "policy": policy, "fault": asked.fault, "workload": traffic,
        "where": asked.where, "slo_s": asked.slo_s, "label_delay_s": asked.label_delay_s, "seed": asked.seed,
    }  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m strategies.releases.live", description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="folder of a model package")
    parser.add_argument("--where", choices=sorted(WAYS), default="api", help="where the two versions meet")
    parser.add_argument("--policy", choices=sorted(policies()), default="canary")
    parser.add_argument("--settings", default="{}", help="settings of the policy, as JSON; its pace is seconds")
    parser.add_argument("--judge", choices=sorted(judges()), default="always_valid")
    parser.add_argument("--judge-settings", default="{}", help="settings of the judge, as JSON")
    parser.add_argument("--fault", choices=sorted(faults()), default="none", help="what is wrong with the new version")
    parser.add_argument("--rate-rps", type=float, default=100.0, help="requests per second")
    parser.add_argument("--duration-s", type=float, default=20.0, help="how long they come")
    parser.add_argument("--slo-s", type=float, default=0.1, help="an answer is late after so long")
    parser.add_argument("--label-delay-s", type=float, default=1.0, help="after which the truth is known")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser


class _Told:
    """Each decision once, on the error stream."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, stage: str, fraction: float, message: str = "", /) -> None:
        if message != self._last:
            self._last = message
            print(f"{fraction:4.0%} {stage}: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
