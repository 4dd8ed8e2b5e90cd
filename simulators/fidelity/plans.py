"""The plan of what was measured, where it was measured: on one machine, on which the load generator runs as well."""

from data.profile import ServiceProfile
from simulators.architectures._parts import (
    components_work,
    hop,
    law,
    start_up,
    station,
    turns,
    wakes,
    work,
)
from simulators.plan import Choice, Deterministic, Law, PerRequest, Plan, Sequence, Station, Step, Unit, Visit, scaled

CLIENT = "client"
"""Name of the load generator's own station."""


def as_measured(profile: ServiceProfile, *, idle_s: float = 300.0, concurrency: int = 20, provisioned: int = 0) -> Plan:
    """A plan of one deployment as it was profiled: same processes, same machine, same load generator.

    The last three are the function host's settings.
    """
    if profile.host == "function" and provisioned >= concurrency:
        return _provisioned(profile, provisioned)
    if profile.host == "function":
        # All instances start on the one machine: a storm of start-ups shares its processors.
        cores = profile.start_cores or float(max(profile.cores, 1))
        return _function(profile, PerRequest(idle_s, concurrency, provisioned, start_cores=cores))
    if profile.serve_s:
        return _processes(profile)
    service = work(("http", profile.overhead_s), *components_work(profile.components))
    if profile.workers > 1 and profile.strategy != "streaming" and profile.discipline != "ps":
        return _side_by_side(profile, service)
    server = station("server", service, profile, {"workers": profile.workers}, front=True)
    return _on_this_machine(profile, (server,), [Visit("server")])


def _provisioned(profile: ServiceProfile, instances: int) -> Plan:
    """Nothing ever starts: so many instances on the one machine, and whoever finds none idle is refused.

    Either they share the cores evenly, or they crowd them: then all that have begun finish about together, and each
    costs more than it would alone, as the requests of a turn do. Whoever comes is read first, by the same cores, and
    those who are then refused have cost that much.
    """
    whole = work(("http", profile.overhead_s), *components_work(profile.components))
    service = scaled(whole, max(1 - profile.refuse_s / profile.occupancy_s, 0.1)) if profile.refuse_s else whole
    delay = law(profile.delay_s) if profile.delay_s else None
    if profile.discipline == "turns":
        crowd, behind = turns(service, profile), in_a_crowd(instances)
        read = bool(profile.refuse_s)
        woken = () if read else wakes(profile)
        function = Station("function", service, max(profile.cores, 1), behind, crowd, delay=delay, wakes=woken)
        if not read:
            return _on_this_machine(profile, (function,), [Visit("function")])
        front = Station("front", Deterministic(profile.refuse_s), wakes=wakes(profile))
        return _on_this_machine(profile, (front, function), [Visit("front"), Visit("function")])
    function = Station("function", service, workers=instances, queue_limit=0, delay=delay, wakes=wakes(profile))
    return _on_this_machine(profile, (function,), [Visit("function")])


def in_a_crowd(instances: int) -> int:
    """How many of a full function's finish together: a request sees half of such a turn, and then its own."""
    return max(2 * instances // 3, 1)


def _side_by_side(profile: ServiceProfile, service: Law) -> Plan:
    """Processes that each accepted some of the connections: chance decides who gets a request, not who is free."""
    names = [f"server-{number}" for number in range(1, profile.workers + 1)]
    servers = tuple(station(name, service, profile, {}, front=True) for name in names)
    share = 1 / len(names)
    return _on_this_machine(profile, servers, [Choice(tuple((share, Visit(name)) for name in names))])


def _processes(profile: ServiceProfile) -> Plan:
    """A process for each component: the gateway's work comes in pieces, between its calls."""
    gateway, *called = profile.components
    asking = [(f"call-{i}", profile.call_s) for i in range(len(called))]
    share = 1 / (len(called) + 1)
    own = work(("http", profile.overhead_s), *components_work([gateway]), *asking, share=share)
    delay = _delay(profile, share)
    desks = [Station(gateway.name, own, batching=turns(own, profile), wakes=wakes(profile), delay=delay)]
    steps: list[Step] = [Visit(gateway.name)]
    for component in called:
        service = work(("serve", profile.serve_s), *components_work([component]))
        desks.append(Station(component.name, service, batching=turns(service, profile)))
        steps += [Visit(component.name, hop=hop(profile, {})), Visit(gateway.name)]
    return _on_this_machine(profile, tuple(desks), steps)


def _delay(profile: ServiceProfile, share: float) -> Law | None:
    return scaled(law(profile.delay_s), share) if profile.delay_s else None


def _on_this_machine(profile: ServiceProfile, stations: tuple[Station, ...], steps: list[Step]) -> Plan:
    client, around = _client(profile, steps)
    cores = max(profile.cores, 1)
    if client and profile.generator_apart:
        alone = len(stations) == 1 and stations[0].workers == 1  # it has a core whenever it wants one
        machine = Unit("machine", stations, cores=None if alone else cores)
        return Plan(profile.strategy, (Unit("generator", client), machine), around)
    return Plan(profile.strategy, (Unit("machine", (*client, *stations), cores=cores),), around)


def _function(profile: ServiceProfile, scaling: PerRequest) -> Plan:
    service = work(("http", profile.overhead_s), *components_work(profile.components))
    delay = law(profile.delay_s) if profile.delay_s else None
    function = Unit(
        "function",
        (Station("function", service, queue_limit=0, delay=delay, wakes=wakes(profile)),),
        scaling,
        start_up=start_up(profile),
    )
    client, around = _client(profile, [Visit("function")])
    generator = (Unit("machine", client),) if client else ()
    return Plan("function", (*generator, function), around)


def _client(profile: ServiceProfile, steps: list[Step]) -> tuple[tuple[Station, ...], Step]:
    """The load generator serialises what it sends and reads: half of its work before the request, half after."""
    if not profile.client_s:
        return (), steps[0] if len(steps) == 1 else Sequence(tuple(steps))
    half = scaled(law(profile.client_s), 0.5)
    return (Station(CLIENT, half),), Sequence((Visit(CLIENT), *steps, Visit(CLIENT)))
