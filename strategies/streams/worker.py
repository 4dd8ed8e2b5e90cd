"""What a consumer does with requests: take a batch, predict, publish the answers, acknowledge what was answered.

A request is acknowledged only after the server has stored its answer. If the consumer dies in between, the request is
delivered again and answered again, and the stream of answers drops the second answer since it bears the same id:
at-least-once delivery becomes exactly once in effect.

A request that may have killed a consumer is set apart. Delivered for the third time, it moves to the stream's suspects,
which are handed out one at a time over all consumers; a suspect that fails there twice is a dead letter. So the
requests that were in one batch with it are answered, and none of them is taken for the culprit.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.trace import Status
from strategies.packaging.package import Manifest
from strategies.packaging.runtime import Predictor
from strategies.streams.codec import About, RequestReader, encode_answer, is_json, json_answer
from strategies.streams.dead_letters import DeadLetter, dead_letter_frame, term
from strategies.streams.frames import MSG_ID, Frame, header_block, hpub, pub
from strategies.streams.job import SUSPECT, Job, job_of, stored
from strategies.streams.names import Names
from strategies.streams.outbox import RETRY_S, Outbox
from strategies.streams.wire import Wire

TRIES_IN_COMPANY = 2
TRIES_ALONE = 2
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    """What a consumer did so far."""

    answered: int = 0
    dead: int = 0
    busy_s: float = 0.0


class Worker:
    """Answers requests over one wire with one model at a time."""

    def __init__(self, wire: Wire, names: Names, replica: int, inbox: bytes) -> None:
        self.counts = Counts()
        self._wire, self._names, self._replica = wire, names, replica
        self.outbox = Outbox(wire, names.answers, inbox + b".a", self._answered)
        self._confirm_dead, self._confirm_moved = inbox + b".d.", inbox + b".m."
        self._refusals: dict[bytes, tuple[str, bytes, bytes]] = {}
        wire.subscribe(self._confirm_dead + b">", self._buried)
        wire.subscribe(self._confirm_moved + b">", self._moved)

    def serve(self, manifest: Manifest, predictor: Predictor) -> None:
        """Answer with this model from the next batch on."""
        self._manifest, self._predictor = manifest, predictor
        self._reader = RequestReader(manifest.schema)

    def lost_connection(self) -> None:
        """Nothing that was under way will be confirmed; the server delivers it again."""
        self.outbox.lost_connection()
        self._refusals.clear()

    def take(self, frames: Sequence[Frame]) -> None:
        """Answer a batch of requests."""
        jobs = [job_of(frame) for frame in frames]
        again = [job for job in jobs if job.at.delivered > TRIES_IN_COMPANY]
        if again:
            for job in again:
                self._suspect(job)
            jobs = [job for job in jobs if job.at.delivered <= TRIES_IN_COMPANY]
        if jobs:
            self._answer(jobs)

    def take_alone(self, frames: Sequence[Frame]) -> None:
        """Answer suspects, each by itself."""
        for frame in frames:
            job = job_of(frame)
            alone = job.at.delivered  # which counts anew among the suspects
            tries = TRIES_IN_COMPANY + min(alone, TRIES_ALONE)
            job = job._replace(at=job.at._replace(delivered=tries))
            if alone > TRIES_ALONE:
                self._bury(job, f"was tried {tries} times without an answer, the last {TRIES_ALONE} alone")
            else:
                self._answer([job])

    def _answer(self, jobs: Sequence[Job]) -> None:
        start_s = time.perf_counter()
        rows, bad = self._reader.read([job.frame.payload for job in jobs])
        if bad:
            for position, reason in bad.items():
                self._bury(jobs[position], reason)
            jobs = [job for position, job in enumerate(jobs) if position not in bad]
        if jobs:
            self._predict(jobs, rows, start_s)
        self.counts.busy_s += time.perf_counter() - start_s

    def _predict(self, jobs: Sequence[Job], rows: NDArray[np.float32], start_s: float) -> None:
        try:
            outputs = self._predictor.predict(rows)  # (jobs, outputs)
        except Exception as error:  # a model fails as it likes; what matters is which row made it fail
            if len(jobs) == 1:
                self._bury(jobs[0], f"the model failed on it ({type(error).__name__}: {error})")
                return
            for number, job in enumerate(jobs):
                self._predict([job], rows[number : number + 1], start_s)
            return
        self._publish(jobs, outputs, start_s)

    def _publish(self, jobs: Sequence[Job], outputs: NDArray[np.float32], start_s: float) -> None:
        data, width = outputs.astype("<f4", copy=False).tobytes(), 4 * outputs.shape[1]
        version, replica, ok = self._manifest.version, self._replica, Status.OK
        for number, job in enumerate(jobs):
            about = About(ok, replica, job.at.delivered, start_s, job.at.pending, version)
            if is_json(job.frame.payload):
                named = dict(zip(self._manifest.outputs, outputs[number].tolist(), strict=True))
                payload = json_answer(about, named)
            else:
                payload = encode_answer(about, data[number * width : (number + 1) * width])
            self.outbox.put(job.frame.reply, b"NATS/1.0\r\nNats-Msg-Id: %b\r\n\r\n" % job.id, payload)
        self.counts.answered += len(jobs)

    def _answered(self, ack: bytes) -> None:
        if ack in self._refusals:
            self._wire.send(term(ack, self._refusals.pop(ack)[0]))
        else:
            self._wire.send(pub(ack))

    def _bury(self, job: Job, reason: str) -> None:
        """Set a request aside: first the dead letter, then the answer that says so, then never again."""
        self._refusals[job.frame.reply] = reason, header_block({MSG_ID: job.id}), self._refusal(job, reason)
        letter = DeadLetter(job.id.decode(errors="replace"), reason, job.at.delivered, job.frame.payload)
        self._wire.send(dead_letter_frame(self._names, letter, self._confirm_dead + job.frame.reply))
        self.counts.dead += 1

    def _refusal(self, job: Job, reason: str) -> bytes:
        about = About(Status.ERROR, self._replica, job.at.delivered, time.perf_counter(), job.at.pending, "")
        as_json = is_json(job.frame.payload)
        return json_answer(about, {}, reason) if as_json else encode_answer(about, reason.encode())

    def _buried(self, confirmations: list[Frame]) -> None:
        for frame in confirmations:
            ack = frame.subject[len(self._confirm_dead) :]
            if not stored(frame):
                self._refusals.pop(ack, None)
                self._later(ack, frame)
            elif ack in self._refusals:
                headers, payload = self._refusals[ack][1:]
                self.outbox.put(ack, headers, payload)

    def _suspect(self, job: Job) -> None:
        headers = header_block({MSG_ID: SUSPECT + job.id})
        reply = self._confirm_moved + job.frame.reply
        self._wire.send(hpub(self._names.suspects.encode(), headers, job.frame.payload, reply))

    def _moved(self, confirmations: list[Frame]) -> None:
        for frame in confirmations:
            ack = frame.subject[len(self._confirm_moved) :]
            if stored(frame):
                self._wire.send(pub(ack))
            else:
                self._later(ack, frame)

    def _later(self, ack: bytes, frame: Frame) -> None:
        _log.warning("The server did not store a message: %s", frame.payload or frame.headers)
        self._wire.send(pub(ack, b'-NAK {"delay": %d}' % int(RETRY_S * 1e9)))
