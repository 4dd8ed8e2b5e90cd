"""Processes: workers on this machine, one a core."""

import selectors
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from data.errors import DrydockError
from strategies.batches.chunking import Chunk
from strategies.batches.engines._hands import Hand
from strategies.batches.engines._sharing import Sharing
from strategies.batches.engines.contract import Crew, Engine, Spent, WorkerLost
from strategies.batches.loops import Loop
from strategies.batches.parts import Part
from strategies.batches.spec import ComputeSpec
from strategies.hosts._child import how_it_ended
from strategies.hosts._log import Log

IN_HAND = 2
"""Chunks that a worker holds: one under way, and the next, so that it never waits for the job to look."""
MAX_DEATHS = 3
"""Workers that may die over one chunk before the job gives up."""
_LOOK_EVERY_S = 0.1


class ComputeFailed(DrydockError):
    """A chunk cannot be computed; the message names its rows and why."""


class Processes(Engine):
    summary = "Worker processes on this machine, one a core unless told otherwise."

    @contextmanager
    def start(self, workers: int) -> Iterator[Crew]:
        with ExitStack() as undo:
            log = undo.enter_context(closing(Log()))
            crew = _Crew(log)
            undo.callback(crew.close)
            for _ in range(workers):
                crew.hire()
            yield crew


class _Crew(Crew):
    def __init__(self, log: Log) -> None:
        self._log = log
        self._hands: dict[int, Hand] = {}
        self._past: list[Hand] = []
        self._selector = selectors.DefaultSelector()

    def hire(self) -> Hand:
        hand = Hand(len(self._hands) + len(self._past), self._log)
        self._hands[hand.number] = hand
        self._selector.register(hand.socket, selectors.EVENT_READ, hand)
        return hand

    def try_loops(self, spec: ComputeSpec, chunk: Chunk, threads: int) -> Loop:
        hand = next(iter(self._hands.values()))
        hand.send({"do": "try", "spec": spec.to_dict(), "chunk": chunk.to_dict(), "threads": threads})
        while True:
            for _, message in self._messages(None):
                if message is None:
                    raise WorkerLost(self._end_of(hand, chunk))
                return Loop.from_dict(self._checked(message, chunk)["loop"])

    def compute(self, spec: ComputeSpec, chunks: Sequence[Chunk]) -> Iterator[Part | None]:
        sharing, left = Sharing(chunks), {chunk.number: chunk for chunk in chunks}
        held: dict[int, list[Chunk]] = {}
        deaths: Counter[int] = Counter()
        plain = spec.to_dict()

        def feed(hand: Hand) -> None:
            mine = held.setdefault(hand.number, [])
            while len(mine) < IN_HAND and (chunk := sharing.next(hand.number)):
                mine.append(chunk)
                hand.send({"do": "compute", "spec": plain, "chunk": chunk.to_dict()})

        for hand in list(self._hands.values()):
            feed(hand)
        while left:
            found = self._messages(_LOOK_EVERY_S)
            if not found:
                yield None
            for hand, message in found:
                if message is None:
                    mine = held.pop(hand.number, [])
                    self._bury(hand, mine, deaths)
                    sharing.give_back(hand.number, mine)
                    self.hire()
                    for other in self._hands.values():
                        feed(other)
                    continue
                chunk = held[hand.number].pop(0)
                part = Part(**self._checked(message, chunk)["part"])
                feed(hand)  # before the part is looked at: the worker goes on meanwhile
                del left[chunk.number]
                yield part

    def spent(self) -> Spent:
        hands = [*self._past, *self._hands.values()]
        for hand in self._hands.values():
            hand.child.sample()
        return Spent(sum(h.child.cpu_s() for h in hands), sum(h.child.peak_bytes() for h in hands))

    def close(self) -> None:
        for hand in list(self._hands.values()):
            self._retire(hand)
        self._selector.close()

    def _messages(self, wait_s: float | None) -> list[tuple[Hand, dict[str, Any] | None]]:
        ready = self._selector.select(wait_s)
        return [(key.data, message) for key, _ in ready for message in key.data.receive()]

    def _bury(self, hand: Hand, held: Sequence[Chunk], deaths: Counter[int]) -> None:
        """A worker died; that is one mark against the chunk it was at."""
        self._retire(hand)
        if held:
            deaths[held[0].number] += 1
            if deaths[held[0].number] >= MAX_DEATHS:
                raise WorkerLost(self._end_of(hand, held[0]))

    def _retire(self, hand: Hand) -> None:
        del self._hands[hand.number]
        self._past.append(hand)
        self._selector.unregister(hand.socket)
        hand.close()

    def _end_of(self, hand: Hand, chunk: Chunk) -> str:
        hand.child.end(0.0)
        how = how_it_ended(hand.child.exit_code or 0)
        last = self._log.last_lines() or "(it printed nothing)"
        return f"A worker {how} while it predicted {_rows(chunk)}. Its last lines:\n{last}"

    @staticmethod
    def _checked(message: dict[str, Any], chunk: Chunk) -> dict[str, Any]:
        if error := message.get("error"):
            raise ComputeFailed(f"{_rows(chunk).capitalize()} could not be predicted: {error}")
        return message


def _rows(chunk: Chunk) -> str:
    return f"rows {chunk.first_row + 1:,} to {chunk.first_row + chunk.rows:,}"
