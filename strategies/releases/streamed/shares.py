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
    """`InvalidValue` for a policy that copies requests or stops everything: a queue does neither."""
    first = policy.fresh().decide(0.0, Evidence(Arms(), Arms()))
    if first.mirrored or not first.primary + first.canary:
        what = "copies requests" if first.mirrored else "stops the old version first"
        raise InvalidValue(
            "policy", type(policy).__name__, f"{what}, which a group of consumers cannot",
            "choose canary, ab, blue_green or a rolling basic; a batch can be shadowed",
        )  # fmt: skip
