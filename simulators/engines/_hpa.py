"""The arithmetic of Kubernetes' HorizontalPodAutoscaler. Runs as plain Python and compiled.

Source: Kubernetes, pkg/controller/podautoscaler, replica_calculator.go (`calcPlainMetricReplicas`) and horizontal.go
(`stabilizeRecommendationWithBehaviors`, `convertDesiredReplicasWithBehaviorRate`).
"""

import math

_ROUNDING = 1e-9
"""A load of 2.0000000000000001 replicas takes two."""


def wanted(total: float, ready: int, unready: int, target: float, tolerance: float) -> int:
    """How many replicas the metric asks for.

    total: the metric summed over replicas that are ready. Those that are not count as using nothing when it would
    scale up, and are left out when it would scale down.
    """
    current = ready + unready
    if ready == 0:
        return current
    ratio = total / ready / target
    if unready == 0 or ratio <= 1.0:
        if abs(ratio - 1.0) <= tolerance:
            return current
        return math.ceil(ratio * ready - _ROUNDING)
    dampened = total / current / target
    if abs(dampened - 1.0) <= tolerance or dampened < 1.0:
        return current
    return max(current, math.ceil(dampened * current - _ROUNDING))


def stabilised(current: int, lowest: int, highest: int) -> int:
    """Not above the highest wish of the scale-down window when shrinking, nor the lowest of the scale-up window when
    growing. lowest, highest: over the windows, the present wish included."""
    if current < lowest:
        return lowest
    if current > highest:
        return highest
    return current


def limited(current: int, wish: int, begin: int, replicas: int, share: float, minimum: int, maximum: int) -> int:
    """Within the bounds, and growing from `begin` (what there was a period ago) by no more than the policies allow."""
    if wish > current:
        allowed = max(begin + replicas, math.ceil(begin * (1.0 + share)))
        wish = min(wish, max(current, allowed))
    return min(max(wish, minimum), maximum)
