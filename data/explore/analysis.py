"""The whole look at a dataset, as plain values for a page to draw."""

from dataclasses import dataclass

import pandas as pd

from data.datasets.contract import Dataset, Target
from data.errors import InvalidValue
from data.explore.anomalies import Anomalies, find_anomalies
from data.explore.relations import Relations, find_relations
from data.explore.summaries import CategorySummary, NumberSummary, summarise


@dataclass(frozen=True, eq=False)
class Analysis:
    """What a dataset holds, before anything is learnt from it."""

    rows: int
    target: Target
    features: tuple[NumberSummary | CategorySummary, ...]
    balance: pd.DataFrame
    """Of a target of classes: columns class, rows and share, in the order of the classes. Empty for a regression."""
    target_summary: NumberSummary | None
    """Of a regression's target; None for classes."""
    relations: Relations
    anomalies: Anomalies


def analyse(dataset: Dataset, target: str = "", frame: pd.DataFrame | None = None) -> Analysis:
    """Look at a dataset's rows, or at others with its columns.

    Parameters
    ----------
    dataset
        A shipped dataset or an upload.
    target
        Column of the target; empty takes the dataset's first.
    frame
        Other rows to look at, such as those of a later month; None takes all that the dataset has.
    """
    frame = dataset.load() if frame is None else frame
    chosen = next((t for t in dataset.targets if t.column == (target or dataset.targets[0].column)), None)
    if chosen is None:
        known = ", ".join(t.column for t in dataset.targets)
        raise InvalidValue("target", target, f"is none of {dataset.title}'s", f"choose one of {known}")
    is_class = chosen.task != "regression"
    names = dataset.schema.names
    return Analysis(
        rows=len(frame),
        target=chosen,
        features=summarise(frame, names),
        balance=class_balance(frame, chosen),
        target_summary=None if is_class else _as_number(frame, chosen.column),
        relations=find_relations(frame, names, chosen.column, is_class=is_class),
        anomalies=find_anomalies(frame, names, dataset.contract),
    )


def class_balance(frame: pd.DataFrame, target: Target) -> pd.DataFrame:
    """How many rows each class has: columns class, rows, share."""
    counts = frame[target.column].value_counts().reindex(range(len(target.classes)), fill_value=0)
    shares = counts / max(int(counts.sum()), 1)
    return pd.DataFrame({"class": list(target.classes), "rows": counts.to_numpy(), "share": shares.to_numpy()})


def _as_number(frame: pd.DataFrame, column: str) -> NumberSummary:
    (summary,) = summarise(frame, [column])
    assert isinstance(summary, NumberSummary)
    return summary
