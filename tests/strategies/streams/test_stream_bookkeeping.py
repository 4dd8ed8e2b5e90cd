"""The application's bookkeeping, against simple models of a bad network and of a server that repeats itself."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from data.trace import Status
from strategies.contract import Answer
from strategies.streams.codec import About, encode_answer, encode_request
from strategies.streams.frames import Frame, Parser, header_block
from strategies.streams.ledger import Ledger
from strategies.streams.names import Names
from strategies.streams.publisher import Publisher
from strategies.streams.puller import Puller

NAMES = Names("drydock_test")
ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)
FULL = b'{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"}}'
AWAY = b'{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}'


class FakeWire:
    """Carries what is sent to a list, and forgets it when the connection is lost."""

    def __init__(self) -> None:
        self.connected, self.epoch = True, 1
        self.out: list[bytes] = []
        self.handlers = {}  # type: ignore[var-annotated]

    def subscribe(self, subject: bytes, handler) -> int:  # type: ignore[no-untyped-def]
        self.handlers[subject] = handler
        return len(self.handlers)

    def send(self, data: bytes) -> None:
        if self.connected:
            self.out.append(data)

    def lose(self) -> None:
        self.connected = False
        self.out.clear()

    def return_(self) -> None:
        self.connected = True
        self.epoch += 1


def sent_messages(wire: FakeWire) -> list[tuple[bytes, bytes, bytes]]:
    """Reply subject, id and payload of what waits to be carried; what a server would read."""
    stream = b"".join(wire.out)
    wire.out.clear()
    # A server's HMSG differs from a client's HPUB by the subscription's number.
    as_delivered = stream.replace(b"HPUB drydock_test_requests ", b"HMSG drydock_test_requests 1 ")
    frames, _ = Parser().feed(as_delivered)
    return [(f.reply, f.headers.partition(b"Nats-Msg-Id: ")[2].strip(), f.payload) for f in frames]


class PublishingThroughABadNetwork(RuleBasedStateMachine):
    """Whatever is lost, in the end the server has every request once, or the publisher was told that it will not."""

    @initialize()
    def start(self) -> None:
        self.wire = FakeWire()
        self.refused: dict[int, bool] = {}
        self.publisher = Publisher(self.wire, NAMES, b"in", lambda n, _, full: self.refused.update({n: full}))  # type: ignore[arg-type]
        self.publisher.prepare(ROWS)
        self.published = 0
        self.stored: Counter[bytes] = Counter()
        self.payloads: dict[bytes, bytes] = {}

    @rule(count=st.integers(1, 5))
    def publish(self, count: int) -> None:
        for _ in range(count):
            self.publisher.publish(self.published, self.published % len(ROWS))
            self.published += 1

    @rule(reply=st.sampled_from(["yes", "yes", "yes", "lost", "full", "away", "nobody"]))
    def carry(self, reply: str) -> None:
        """The server reads what was sent and answers all of it alike."""
        for subject, name, payload in sent_messages(self.wire):
            answer = {"full": FULL, "away": AWAY, "nobody": b""}.get(reply, b'{"stream":"s","seq":1}')
            if reply in ("yes", "lost"):
                self.stored[name] = 1  # a second one of that name is dropped
                self.payloads[name] = payload
            if reply != "lost":
                self.wire.handlers[b"in.*"]([Frame(subject, 1, b"", b"", answer)])
        if reply == "lost":
            self.wire.lose()

    @rule()
    def lose(self) -> None:
        self.wire.lose()

    @rule()
    def come_back(self) -> None:
        if not self.wire.connected:
            self.wire.return_()
        self.publisher.pump()

    @invariant()
    def only_full_queues_refuse(self) -> None:
        assert all(self.refused.values())

    def teardown(self) -> None:
        self.wire.lose()  # so that all that is unconfirmed is sent again, whatever it waits for
        self.wire.return_()
        for _ in range(200):
            self.publisher.pump()
            self.carry("yes")
            if not self.publisher.backlog and not self.wire.out:
                break
        known = {number for number in range(self.published) if number not in self.refused}
        names = {b"drydock_test.%012d" % number: number for number in range(self.published)}
        assert {names[name] for name in self.stored} >= known
        for name, payload in self.payloads.items():
            assert payload == encode_request(ROWS[names[name] % len(ROWS)])


TestPublishing = PublishingThroughABadNetwork.TestCase


def answer_frame(number: int, status: Status = Status.OK, prefix: str = NAMES.prefix) -> Frame:
    about = About(status, 0, 1, 1.0, 0, "v")
    body = np.array([0.25, 0.75], "<f4").tobytes() if status == Status.OK else b"broken"
    name = b"%b.%012d" % (prefix.encode(), number)
    return Frame(b"a", 1, b"", header_block({b"Nats-Msg-Id": name}), encode_answer(about, body))


@given(
    entered=st.integers(0, 20),
    arriving=st.lists(st.tuples(st.integers(0, 30), st.sampled_from([Status.OK, Status.ERROR]))),
)
def test_each_request_is_closed_by_its_first_answer(entered: int, arriving: list[tuple[int, Status]]) -> None:
    answers: list[Answer] = []
    ledger = Ledger(NAMES.prefix, 60.0, lambda *_: None)
    for request_id in range(entered):
        assert ledger.enter(1_000 + request_id, answers.append) == request_id
    ledger.take([answer_frame(number, status) for number, status in arriving])
    first = {number: status for number, status in reversed(arriving) if number < entered}
    assert {answer.id - 1_000: answer.status for answer in answers} == first
    assert len(answers) == len(first)
    assert ledger.tally.repeated == sum(number < entered for number, _ in arriving) - len(first)
    assert ledger.tally.unknown == sum(number >= entered for number, _ in arriving)


def test_answers_to_others_are_none_of_ours_and_rubbish_is_counted() -> None:
    answers: list[Answer] = []
    ledger = Ledger(NAMES.prefix, 60.0, lambda *_: None)
    ledger.enter(0, answers.append)
    rubbish = answer_frame(0)._replace(payload=b"not an answer")
    odd = answer_frame(0)._replace(headers=header_block({b"Nats-Msg-Id": b"drydock_test.what"}))
    ledger.take([answer_frame(0, prefix="drydock_other"), answer_frame(0)._replace(headers=b""), rubbish, odd])
    assert (answers, ledger.tally.unknown, ledger.tally.repeated) == ([], 2, 0)
    ledger.take([answer_frame(0)])
    assert [answer.status for answer in answers] == [Status.OK]


def test_what_waits_too_long_is_over_and_its_late_answer_is_dropped() -> None:
    answers: list[Answer] = []
    ledger = Ledger(NAMES.prefix, 0.0, lambda *_: None)
    ledger.enter(5, answers.append)
    assert ledger.expire() == [0]
    assert ledger.expire() == []
    ledger.take([answer_frame(0)])
    assert [(answer.id, answer.status) for answer in answers] == [(5, Status.TIMEOUT)]
    assert ledger.tally.repeated == 1


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(1, 64))
def test_a_puller_never_has_more_on_the_way_than_a_batch_nor_stops_asking(steps: list[int], batch: int) -> None:
    wire, taken = FakeWire(), []
    puller = Puller(wire, b"in", "s", "c", batch, taken.extend)  # type: ignore[arg-type]
    asked = delivered = 0
    for step in steps:
        puller.pull()
        for request in wire.out:
            asked += int(request.partition(b'"batch": ')[2].partition(b",")[0])
        wire.out.clear()
        assert 0 < asked - delivered <= batch
        count = min(step, asked - delivered)
        wire.handlers[b"in"]([Frame(b"s", 1, b"", b"", b"")] * count)
        delivered += count
    assert len(taken) == delivered
