"""Requests that wait for their answer: each is closed once, whatever arrives how often."""

import time
from collections.abc import Callable

from data.errors import InvalidValue
from data.trace import Status
from strategies.contract import Answer, Done
from strategies.streams.codec import About, decode_answer, outputs_of
from strategies.streams.facts import Tally
from strategies.streams.frames import Frame

LAG_EVERY_S = 0.01


class Ledger:
    """Numbers requests, takes in answers, and tells who asked; a second answer to a request is counted and dropped."""

    def __init__(self, prefix: str, timeout_s: float, answered: Callable[[int, About], None]) -> None:
        self.tally = Tally()
        self.lag: list[tuple[float, int]] = []
        """When a request was answered, and how many waited behind it when it was delivered; 100 a second at most."""
        self._timeout_s, self._answered = timeout_s, answered
        self._head = b"NATS/1.0\r\nNats-Msg-Id: %b." % prefix.encode()
        self._open: dict[int, tuple[int, Done, float]] = {}
        self._next = 0

    def enter(self, request_id: int, done: Done) -> int:
        """Open a request; the number that it bears on the server, where no other ever has it."""
        number = self._next
        self._next = number + 1
        self._open[number] = request_id, done, time.perf_counter()
        return number

    def refuse(self, number: int, reason: str, full: bool) -> None:
        """The server did not take the request: it was `full`, or it found the request itself at fault."""
        self.tally.rejected += full
        self._close(number, Status.REJECTED if full else Status.ERROR, reason)

    def expire(self) -> list[int]:
        """Close what has waited too long; its numbers."""
        before_s = time.perf_counter() - self._timeout_s
        late = []
        for number, (_, _, entered_s) in self._open.items():  # in the order in which they were entered
            if entered_s > before_s:
                break
            late.append(number)
        for number in late:
            self._close(number, Status.TIMEOUT, f"no answer within {self._timeout_s:g} s")
        return late

    def take(self, frames: list[Frame]) -> None:
        """Take in what came from the stream of answers."""
        head, open_ = self._head, self._open
        for frame in frames:
            if not frame.headers.startswith(head):
                continue  # the answer to another publisher's request
            try:
                number = int(frame.headers[len(head) : -4])
                about, rest = decode_answer(frame.payload)
            except (ValueError, InvalidValue):
                self.tally.unknown += 1
                continue
            entry = open_.pop(number, None)
            if entry is not None:
                self._settle(number, entry, about, rest)
            elif number < self._next:
                self.tally.repeated += 1
            else:
                self.tally.unknown += 1

    def _settle(self, number: int, entry: tuple[int, Done, float], about: About, rest: bytes) -> None:
        self._answered(number, about)
        self._note(about)
        request_id, done, _ = entry
        ok = about.status == Status.OK
        done(
            Answer(
                request_id, about.status, outputs_of(rest) if ok else None, about.version, about.replica,
                about.start_s, False, about.attempts, "" if ok else rest.decode(errors="replace"),
            )
        )  # fmt: skip

    def _note(self, about: About) -> None:
        if about.attempts > 1:
            self.tally.redelivered += 1
        if about.status != Status.OK:
            self.tally.dead_letters += 1
        if not self.lag or about.start_s - self.lag[-1][0] >= LAG_EVERY_S:
            self.lag.append((about.start_s, about.lag))

    def _close(self, number: int, status: Status, reason: str) -> None:
        entry = self._open.pop(number, None)
        if entry is not None:
            request_id, done, _ = entry
            done(Answer(request_id, status, reason=reason))
