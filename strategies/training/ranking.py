"""How often the first of a ranked group is the right one: a recommender against guessing."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.estimate import Estimate
from strategies.training.intervals import CONFIDENCE, Floats, wilson


@dataclass(frozen=True, slots=True)
class Ranking:
    """Top-1 hit rate over groups in which exactly one row is the right one."""

    hit_rate: Estimate
    guessing: float
    """Hit rate of choosing one row of each group blindly."""

    @property
    def beats_guessing(self) -> bool:
        """Whether the whole interval lies above guessing."""
        return self.hit_rate.low > self.guessing


def top_1(chosen: NDArray[np.bool_], probability: Floats, groups: NDArray[np.generic]) -> Ranking | None:
    """Rank each group's rows by probability and see whether the first was chosen.

    Parameters
    ----------
    chosen, probability, groups
        Per row: whether it was the right one, its predicted probability, and which group it belongs to.

    Rows that share a group's first place share its hit. Groups without exactly one right row do not count; None when
    none counts.
    """
    rows = pd.DataFrame({"chosen": chosen, "probability": probability, "group": groups})
    grouped = rows.groupby("group", sort=False)
    rows["first"] = rows["probability"] == grouped["probability"].transform("max")
    rows["hit"] = rows["first"] & rows["chosen"]
    sums = rows.groupby("group", sort=False).agg(
        right=("chosen", "sum"), firsts=("first", "sum"), hits=("hit", "sum"), size=("chosen", "size")
    )
    sums = sums[sums["right"] == 1]
    if sums.empty:
        return None
    hits, n = float((sums["hits"] / sums["firsts"]).sum()), len(sums)
    rate = Estimate(hits / n, *wilson(hits, n), n, "share", CONFIDENCE)
    return Ranking(rate, float((1 / sums["size"]).mean()))
