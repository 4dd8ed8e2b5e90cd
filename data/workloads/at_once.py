"""Everything at the first moment: the traffic of a batch, and of a stampede."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from data.workloads._points import check_count
from data.workloads.contract import Workload


class AtOnce(Workload):
    """All requests at moment 0; how long a deployment takes for all of them is its throughput at full load."""

    requests: int = Field(1_000, ge=1, description="The number of requests.")

    @property
    def mean_rate_rps(self) -> float:
        """The requests spread over the whole duration, though all come at its beginning."""
        return self.requests / self.duration_s

    def arrivals(self, rng: Generator) -> NDArray[np.float64]:  # noqa: ARG002  nothing here is random
        check_count(self.requests)
        return np.zeros(self.requests)
