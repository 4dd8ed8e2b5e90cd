"""Measuring service profiles: what occupies a worker, what only delays an answer, and in which order it is served."""

from strategies.profiling.model import batch_sizes, lookup_samples
from strategies.profiling.observing import Observed
from strategies.profiling.profiling import Effort, Subject, profile_deployment, profile_strategy, with_cold_starts

__all__ = [
    "Effort", "Observed", "Subject", "batch_sizes", "lookup_samples", "profile_deployment", "profile_strategy",
    "with_cold_starts",
]  # fmt: skip
