"""What a judge can see of a batch."""

from data.errors import InvalidValue
from strategies.releases.choices import describe, make_policy
from strategies.releases.contract import ReleasePolicy
from strategies.releases.evidence import Arms, Evidence


def without_latency(policy: ReleasePolicy) -> ReleasePolicy:
    """The same policy, whose judge does not wait for latencies that never come."""
    choice = describe(policy)
    first = policy.fresh().decide(0.0, Evidence(Arms(), Arms()))
    if not first.primary + first.canary:
        raise InvalidValue("policy", choice["policy"], "stops everything", "choose one that goes by shares")
    if "judge" not in choice:
        return policy.fresh()
    settings = choice["judge_settings"]
    for name in {"signals", "required"} & settings.keys():
        settings[name] = [signal for signal in settings[name] if signal != "latency"]
    if not settings["signals"]:
        raise InvalidValue("signals", "latency", "is nothing that a batch has", "choose errors or disagreement too")
    return make_policy(choice)
