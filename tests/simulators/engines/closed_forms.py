"""What queueing theory says exactly (or, where said so, nearly): the oracles of the simulators.

λ is the arrival rate, μ the service rate of a worker, c their number, a = λ/μ the offered load, ρ = a/c.
Sources: L. Kleinrock, "Queueing Systems" I (1975) and II (1976); D. Gross, J. Shortle, J. Thompson, C. Harris,
"Fundamentals of Queueing Theory" (4th ed., 2008); others are named where they are used.
"""

import math
from collections.abc import Sequence


def erlang_b(servers: int, load: float) -> float:
    """Share of requests lost at c workers without a line, for any service law. B(k) = aB(k-1) / (k + aB(k-1))."""
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Share of requests that wait in M/M/c. C = B / (1 - ρ(1 - B))."""
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


def mmc_wait(servers: int, rate: float, service_rate: float) -> float:
    """Mean wait in M/M/c. Wq = C / (cμ - λ)."""
    return erlang_c(servers, rate / service_rate) / (servers * service_rate - rate)


def mmc_share_waiting_longer(servers: int, rate: float, service_rate: float, than_s: float) -> float:
    """P(Wq > t) = C · exp(-(cμ - λ)t) in M/M/c."""
    return erlang_c(servers, rate / service_rate) * math.exp(-(servers * service_rate - rate) * than_s)


def birth_death(arrival_rates: Sequence[float], departure_rates: Sequence[float]) -> list[float]:
    """Probabilities of a birth-death chain's states: p(k) ∝ Π λ(i-1)/μ(i)."""
    weights = [1.0]
    for up, down in zip(arrival_rates, departure_rates, strict=True):
        weights.append(weights[-1] * up / down)
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def mmck(servers: int, places: int, rate: float, service_rate: float) -> tuple[float, float]:
    """M/M/c/K: share of requests lost, and mean sojourn of the others. W = L / (λ(1 - p_K))."""
    p = birth_death([rate] * places, [min(k, servers) * service_rate for k in range(1, places + 1)])
    return p[-1], sum(k * share for k, share in enumerate(p)) / (rate * (1 - p[-1]))


def pollaczek_khinchine(rate: float, mean_s: float, cs2: float) -> float:
    """Mean wait in M/G/1. Wq = ρE[S](1 + cs²) / (2(1 - ρ))."""
    rho = rate * mean_s
    return rho * mean_s * (1 + cs2) / (2 * (1 - rho))


def processor_sharing(rate: float, mean_s: float) -> float:
    """Mean sojourn in M/G/1 under processor sharing, whatever the law. W = E[S] / (1 - ρ)."""
    return mean_s / (1 - rate * mean_s)


def tandem(rate: float, service_rates: Sequence[float]) -> float:
    """Mean sojourn in M/M/1 queues one after the other (Jackson). W = Σ 1/(μ_i - λ)."""
    return sum(1 / (service_rate - rate) for service_rate in service_rates)


def fork_join_of_two(rate: float, service_rate: float) -> float:
    """Mean response of two M/M/1 queues that both must answer, exact (Flatto and Hahn 1984; Nelson and Tantawi 1988).

    R = (12 - ρ)/8 / (μ - λ)
    """
    return (12 - rate / service_rate) / 8 / (service_rate - rate)


def fork_join_nearly(branches: int, rate: float, service_rate: float) -> float:
    """The same for n ≤ 32 queues, to within 5%: Nelson and Tantawi, IEEE Trans. Computers 37 (1988), equation 12.

    R(n) = [H(n)/H(2) + (4/11)(1 - H(n)/H(2))ρ] · R(2)
    """
    ratio = sum(1 / k for k in range(1, branches + 1)) / 1.5
    share = ratio + 4 / 11 * (1 - ratio) * rate / service_rate
    return share * fork_join_of_two(rate, service_rate)


def closed_loop(users: int, think_s: float, servers: int, service_s: float) -> tuple[float, float]:
    """Machine repairman: N users who think and ask M/M/c. Throughput and mean response; X = N/(R + Z) ties them."""
    p = birth_death(
        [(users - k) / think_s for k in range(users)],
        [min(k, servers) / service_s for k in range(1, users + 1)],
    )
    throughput = sum(share * min(k, servers) / service_s for k, share in enumerate(p))
    return throughput, users / throughput - think_s


def mean_value_analysis(users: int, think_s: float, demands_s: Sequence[float]) -> tuple[float, float]:
    """N users who think and then visit queues of one worker in turn: throughput and mean response, exact.

    Source: M. Reiser and S. Lavenberg, "Mean-value analysis of closed multichain queuing networks", JACM 27 (1980).
    """
    queues = [0.0] * len(demands_s)
    throughput = response_s = 0.0
    for present in range(1, users + 1):
        stays = [demand * (1 + queue) for demand, queue in zip(demands_s, queues, strict=True)]
        response_s = sum(stays)
        throughput = present / (think_s + response_s)
        queues = [throughput * stay for stay in stays]
    return throughput, response_s
