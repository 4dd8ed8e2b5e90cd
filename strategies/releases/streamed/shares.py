"""What a policy's shares mean for a group of consumers."""

import math

from data.errors import InvalidValue
from strategies.releases.contract import ReleasePolicy
from strategies.releases.evidence import Arms, Evidence


def consumers_for(share: float, consumers: int) -> int:
    """How many consumers run the new version: the share rounded up, so that any share is somebody; all only for 1."""
    if share <= 0 or share >= 1:
        return consumers if share >= 1 else 0
    return min(math.ceil(share * consumers - 1e-9), consumers - 1)


def check_expressible(policy: ReleasePolicy) -> None:
    """`InvalidValue` for a policy that stops everything: requests wait in a queue, and there is no outage to take."""
    first = policy.fresh().decide(0.0, Evidence(Arms(), Arms()))
    if not first.mirrored and not first.primary + first.canary:
        raise InvalidValue(
            "policy", type(policy).__name__, "stops the old version first, and a queue need not stop",
            "choose canary, ab, blue_green, shadow or a rolling basic",
        )  # fmt: skip


def mirrors(policy: ReleasePolicy) -> bool:
    """Whether it begins with copies of requests: then the new version gets a group of its own."""
    return policy.fresh().decide(0.0, Evidence(Arms(), Arms())).mirrored > 0
