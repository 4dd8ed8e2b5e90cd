"""Writes `line_solver.csv`: random settings solved by LINE (G. Casale, BSD-3), in an environment of its own.

LINE 3.0.8 pins pandas below 3 and so cannot be installed beside this project. To write the file anew:

    uv run --no-project --with line-solver==3.0.8.0 python tests/simulators/engines/_line_solver.py
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import stats

TABLE = Path(__file__).with_name("line_solver.csv")
EACH = 3


def settings() -> Iterator[tuple[str, int, int, float, float, float, float]]:
    """(system, servers, places, arrival rate, mean service, cv, value); services are in seconds."""
    from line_solver.api import fj, qsys  # type: ignore[import-untyped,import-not-found,unused-ignore]

    rng = np.random.default_rng(308)
    for _ in range(EACH):
        mean_s, rho = float(np.exp(rng.uniform(-3, 2))), float(rng.uniform(0.5, 0.75))
        c, extra, cv = int(rng.integers(2, 9)), int(rng.integers(1, 5)), float(rng.uniform(0.4, 1.2))
        rate, alone = rho * c / mean_s, rho / mean_s
        yield "M/M/c wait", c, 0, rate, mean_s, 1.0, qsys.qsys_mmk(rate, 1 / mean_s, c)["Wq"]
        yield "M/D/c wait", c, 0, rate, mean_s, 0.0, qsys.qsys_mdc_crommelin(rate, mean_s, c)["mean_waiting_time"]
        found = qsys.qsys_dmc(rate, 1 / mean_s, c, quad_steps=4_000)
        yield "D/M/c wait", c, 0, rate, mean_s, 1.0, found["mean_waiting_time"]
        yield "M/G/1 wait", 1, 0, alone, mean_s, cv, qsys.qsys_mg1(alone, 1 / mean_s, cv)["Wq"]
        finite = qsys.qsys_mmck(1.5 * rate, 1 / mean_s, c, c + extra)
        yield "M/M/c/K loss", c, c + extra, 1.5 * rate, mean_s, 1.0, finite["lossProbability"]
        yield "M/M/c/K stay", c, c + extra, 1.5 * rate, mean_s, 1.0, finite["W"]
        law = stats.gamma(1 / cv**2, scale=mean_s * cv**2)
        lost = qsys.qsys_mg1k_loss(1.3 * alone, law.pdf, 1 + extra)[2]
        yield "M/G/1/K loss", 1, 1 + extra, 1.3 * alone, mean_s, cv, lost
        yield "fork-join response", 2, 0, alone, mean_s, 1.0, fj.fj_respt_2way(alone, 1 / mean_s)


if __name__ == "__main__":
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("system", "servers", "places", "rate_rps", "mean_s", "cv", "value"))
        writer.writerows(settings())
