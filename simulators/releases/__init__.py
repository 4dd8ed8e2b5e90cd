"""Releases simulated by the same policies that the live router asks."""

from simulators.releases.power import PowerPoint, power
from simulators.releases.simulate import Course, simulate_releases, trajectory
from simulators.releases.summary import ReleaseFigures, summarise_releases
from simulators.releases.traffic import Traffic
from simulators.releases.world import Behaviour, World

__all__ = [
    "Behaviour", "Course", "PowerPoint", "ReleaseFigures", "Traffic", "World", "power", "simulate_releases",
    "summarise_releases", "trajectory",
]  # fmt: skip
