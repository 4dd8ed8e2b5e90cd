"""The load generator: the only clock."""

from strategies.loadgen.cores import apart
from strategies.loadgen.driving import Driven, drive

__all__ = ["Driven", "apart", "drive"]
