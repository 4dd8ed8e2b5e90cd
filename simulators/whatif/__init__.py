"""What if? One question (architecture, strategy, size, traffic, disturbance), and all that a simulated answer says."""

from simulators.whatif.planning import Asked, ask
from simulators.whatif.profiles import Known, known_profiles
from simulators.whatif.question import LONGEST_S, Question

__all__ = ["LONGEST_S", "Asked", "Known", "Question", "ask", "known_profiles"]
