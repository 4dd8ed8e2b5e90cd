"""Whether what a scenario names can be measured at all, found out before anything is trained or started."""

from collections.abc import Iterator, Mapping

from data.catalogue import find_dataset
from data.discovery import kind
from data.errors import InvalidFile, InvalidValue, UnknownKind
from data.prices import price_list
from data.scenario import Candidate, Scenario
from data.scenario.checking import gathered
from data.scenario.lines import Path
from data.scenario.problems import Problem
from simulators.architectures.contract import Architecture
from simulators.risk import RANKED, known_faults
from strategies.contract import Strategy
from strategies.hosts.contract import Host
from strategies.releases.contract import ReleasePolicy
from strategies.training.algorithms.contract import Algorithm
from strategies.training.targets import find_target

_NO_LINES: Mapping[Path, int] = {}


def check_measurable(scenario: Scenario, lines: Mapping[Path, int] = _NO_LINES) -> None:
    """Refuse names that nothing goes by, and combinations that make no sense, with `InvalidScenario`.

    A host that this machine lacks is no fault of the scenario's; its candidate will not be measured.

    Parameters
    ----------
    lines
        Line of each key (see `data.scenario.lines.key_lines`), where the scenario comes from a text.
    """
    found = [*_learning(scenario), *_around(scenario), *_asking(scenario), *_paying(scenario), *_failing(scenario)]
    found += _weighing(scenario)
    for place, candidate in enumerate(scenario.candidates):
        check = _simulating if candidate.source == "simulated" else _deploying
        told = list(check(candidate, ("candidates", place)))
        if not told and candidate.source == "measured" and scenario.application == "dealership":
            told += _building(candidate, ("candidates", place))
        found += told
    if found:
        raise gathered(found, scenario.to_mapping(), lines)


def _learning(scenario: Scenario) -> Iterator[Problem]:
    try:
        dataset = find_dataset(scenario.data.name)
        target = find_target(dataset, scenario.data.target)
    except UnknownKind as error:
        yield _unknown(("data", "name"), error)
        return
    except InvalidValue as error:
        yield _told(("data", "target"), error)
        return
    if scenario.model.package:
        return
    try:
        cls = kind("strategies.training.algorithms", Algorithm, scenario.model.algorithm)  # type: ignore[type-abstract]
        cls({}).check_task(target.task)
    except UnknownKind as error:
        yield _unknown(("model", "algorithm"), error)
        return
    except InvalidValue as error:
        yield _told(("model", "algorithm"), error)
    try:
        cls(scenario.model.parameters)
    except InvalidValue as error:
        yield _told(("model", "parameters", error.name.rpartition(".")[2]), error)


def _around(scenario: Scenario) -> Iterator[Problem]:
    from strategies.dealership.contract import DATASET  # here and below: pages that check need not load its parts

    if scenario.application == "dealership" and scenario.data.name != DATASET:
        rule = f"knows the customers and cars of the dataset {DATASET} alone"
        yield Problem(("application",), scenario.application, rule, f"choose model, or the dataset {DATASET}")


def _failing(scenario: Scenario) -> Iterator[Problem]:
    known = known_faults()
    for name, given in scenario.faults.items():
        if name not in known:
            rule = "is no kind of fault"
            yield Problem(("faults", name), dict(given), rule, f"choose one of {', '.join(known)}")
            continue
        try:
            known[name].values(given)
        except InvalidValue as error:
            yield _told(("faults", name, error.name), error)


def _weighing(scenario: Scenario) -> Iterator[Problem]:
    path, figure = ("weights", "risk_figure"), scenario.weights.risk_figure
    if figure not in RANKED:
        yield Problem(path, figure, "is no figure of risk that can be ranked by", f"choose one of {', '.join(RANKED)}")
    elif figure == "expected_loss_usd_month" and not any(scenario.stakes.model_dump().values()):
        yield Problem(path, figure, "needs money at stake", "state it in [stakes], or choose another figure")


def _asking(scenario: Scenario) -> Iterator[Problem]:
    try:
        scenario.workload.mean_rate_rps  # noqa: B018  (a replay looks into its trace)
    except InvalidValue as error:
        known = error.name in type(scenario.workload).model_fields
        yield _told(("workload", error.name) if known else ("workload",), error)


def _deploying(candidate: Candidate, place: Path) -> Iterator[Problem]:
    try:
        strategy = kind("strategies", Strategy, candidate.strategy)  # type: ignore[type-abstract]
    except UnknownKind as error:
        yield _unknown((*place, "strategy"), error)
        return
    try:
        kind("strategies.hosts", Host, candidate.host)  # type: ignore[type-abstract]
    except UnknownKind as error:
        yield _unknown((*place, "host"), error)
        return
    if candidate.host not in strategy.hosts:
        rule, remedy = f"cannot run {candidate.strategy}", f"choose {' or '.join(strategy.hosts)}"
        yield Problem((*place, "host"), candidate.host, rule, remedy)


def _building(candidate: Candidate, place: Path) -> Iterator[Problem]:
    """What is wrong with a candidate for which the whole dealership is to be started."""
    from strategies.dealership.contract import form_of

    try:
        form_of(candidate.strategy, candidate.architecture)
    except InvalidValue as error:
        yield _told((*place, error.name), error)
    if candidate.host != "process":
        yield Problem((*place, "host"), candidate.host, "cannot run the dealership", "choose process")
    if candidate.workers != 1:
        rule = "is not what the dealership is built with: each of its parts is one process"
        yield Problem((*place, "workers"), candidate.workers, rule, "choose 1, or simulate more")


def _simulating(candidate: Candidate, place: Path) -> Iterator[Problem]:
    try:
        architecture = kind("simulators.architectures", Architecture, candidate.architecture)  # type: ignore[type-abstract]
    except UnknownKind as error:
        yield _unknown((*place, "architecture"), error)
        return
    if reason := architecture.why_not(candidate.strategy):
        rule = f"makes no sense in {candidate.architecture} ({reason.rstrip('.')})"
        yield Problem((*place, "strategy"), candidate.strategy, rule, f"choose {' or '.join(architecture.strategies)}")
    for name, value in candidate.settings.items():
        setting = architecture.settings.get(name)
        if setting is None:
            known = ", ".join(architecture.settings) or "none, as it has none"
            rule = f"is not a setting of {candidate.architecture}"
            yield Problem((*place, "settings", name), value, rule, f"choose from {known}")
            continue
        try:
            setting.check(name, value)
        except InvalidValue as error:
            yield _told((*place, "settings", name), error)
    try:
        kind("strategies.releases", ReleasePolicy, candidate.release)  # type: ignore[type-abstract]
    except UnknownKind as error:
        yield _unknown((*place, "release"), error)


def _paying(scenario: Scenario) -> Iterator[Problem]:
    try:
        prices = price_list(scenario.prices)
    except UnknownKind as error:
        yield _unknown(("prices",), error)
        return
    except InvalidFile as error:
        yield Problem(("prices",), scenario.prices, f"cannot be read ({error})", "mend the list")
        return
    known = (*prices.prices, *prices.machines)
    for place, candidate in enumerate(scenario.candidates):
        instance = candidate.sizing.instance
        if instance and instance not in known:
            path: Path = ("candidates", place, "sizing", "instance")
            yield Problem(path, instance, f"is not in the price list {prices.name}", f"choose from {', '.join(known)}")


def _unknown(path: Path, error: UnknownKind) -> Problem:
    return Problem(path, error.name, "does not exist", f"choose one of {', '.join(error.known)}")


def _told(path: Path, error: InvalidValue) -> Problem:
    return Problem(path, error.value, error.rule, error.remedy)
