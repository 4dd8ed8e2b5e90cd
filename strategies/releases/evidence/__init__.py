"""What a release has seen so far, in counts: small enough to decide from thousands of times a second."""

from strategies.releases.evidence.digest import BUCKETS, EDGES_S, GROWTH, bucket_of, digest, quantile_s
from strategies.releases.evidence.tally import ANSWER_BINS, NOTHING, Arms, Evidence, Pairs, Tally

__all__ = [
    "ANSWER_BINS", "BUCKETS", "EDGES_S", "GROWTH", "NOTHING", "Arms", "Evidence", "Pairs", "Tally",
    "bucket_of", "digest", "quantile_s",
]  # fmt: skip
