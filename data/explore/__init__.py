"""Looking at data before learning from it: missing values, distributions, balance, relations, anomalies."""

from data.explore.analysis import Analysis, analyse
from data.explore.anomalies import Anomalies, Outliers, find_anomalies
from data.explore.relations import Relations, cramers_v, find_relations
from data.explore.summaries import CategorySummary, Histogram, NumberSummary, summarise

__all__ = [
    "Analysis",
    "Anomalies",
    "CategorySummary",
    "Histogram",
    "NumberSummary",
    "Outliers",
    "Relations",
    "analyse",
    "cramers_v",
    "find_anomalies",
    "find_relations",
    "summarise",
]
