"""Who gets which chunk: each worker walks through row groups of its own, and helps the others when it has none left."""

from collections import deque
from collections.abc import Sequence

from strategies.batches.chunking import Chunk
from strategies.batches.engines.contract import neighbours


class Sharing:
    """The chunks that nobody has taken yet.

    Reading starts at the beginning of a row group, so a worker that went from group to group at random would read
    most of them in vain. Each takes a whole group; only when no group is untouched does one take over the far half of
    what another has left.
    """

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._untouched = deque(deque(run) for run in neighbours(chunks))
        self._own: dict[int, deque[Chunk]] = {}

    def next(self, worker: int) -> Chunk | None:
        """The chunk that a worker should do now; None when all are taken."""
        own = self._own.setdefault(worker, deque())
        if not own:
            own.extend(self._untouched.popleft() if self._untouched else self._half_of_the_longest())
        return own.popleft() if own else None

    def give_back(self, worker: int, chunks: Sequence[Chunk]) -> None:
        """A worker is gone: others do what it had been given and what it would have done next."""
        left = [*chunks, *self._own.pop(worker, ())]
        self._untouched.extend(deque(run) for run in neighbours(sorted(left, key=lambda chunk: chunk.number)))

    def _half_of_the_longest(self) -> list[Chunk]:
        longest = max(self._own.values(), key=len)
        taken = [longest.pop() for _ in range((len(longest) + 1) // 2)]
        return taken[::-1]
