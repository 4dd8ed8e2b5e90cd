"""An HTTP server without a model, whose every delay and misdeed is known beforehand: the path asks for it.

Run as a program it prints its port, and ends when its standard input does. It waits without sleeping for the last
fraction of a millisecond, so that a delay is what it says.

/delay/0.05           answers after 0.05 s          /pieces/7     sends the response in 7 writes, 5 ms apart
/status/503           answers with that code        /hundred      sends "100 Continue" and the response in one write
/size/1000000         a body of so many bytes       /twice        sends two responses to one request
/close                announces that it closes      /unframed     a body that ends with the connection
/leave                answers, then closes 20 ms later without a word, as a server does with an idle connection
/drop, /drop-reused   closes instead of answering (the second only on a connection that has served before)
/cut                  closes in the middle of a body            /silent   never answers
/garbage              answers with something that is not HTTP   /early    refuses with 413 before it has read the body
"""

import heapq
import itertools
import select
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_SPIN_S = 0.0002
_PIECE_S = 0.005


@dataclass(eq=False)
class Peer:
    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    to_read: int = 0
    served: int = 0


class NullServer:
    def __init__(self, stall_at_s: float, stall_s: float) -> None:
        self.stall_at_s, self.stall_s = stall_at_s, stall_s
        self.first_s: float | None = None
        self.stalled = (0.0, 0.0)
        self.selector = selectors.DefaultSelector()
        self.due: list[tuple[float, int, Peer, bytes | None]] = []
        self.order = itertools.count()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, None)

    def run(self) -> None:
        self.selector.register(0, selectors.EVENT_READ, "lifeline")
        while True:
            wait_s = self._wait_s()
            # `select` counts microseconds where the selector's own wait would round up to a whole millisecond.
            select.select((self.selector,), (), (), wait_s)
            for key, _ in self.selector.select(0):
                if key.data == "lifeline":
                    return
                self._accept() if key.data is None else self._read(key.data)
            self._stall()
            while self.due and self.due[0][0] <= time.perf_counter():
                _, _, peer, data = heapq.heappop(self.due)
                self._send(peer, data)

    def _wait_s(self) -> float | None:
        if not self.due:
            return None if self.first_s is None or not self.stall_s or self.stalled[1] else 0.001
        left_s = self.due[0][0] - time.perf_counter()
        return max(left_s - _SPIN_S, 0.0)

    def _stall(self) -> None:
        if self.stall_s and self.first_s is not None and not self.stalled[1]:
            now = time.perf_counter()
            if now - self.first_s >= self.stall_at_s:
                time.sleep(self.stall_s)
                self.stalled = (now, time.perf_counter())

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                fresh, _ = self.listener.accept()
                fresh.setblocking(False)
                fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.selector.register(fresh, selectors.EVENT_READ, Peer(fresh))

    def _read(self, peer: Peer) -> None:
        try:
            data = peer.socket.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            self._close(peer)
            return
        if peer.to_read:
            peer.to_read -= len(data)
            if peer.to_read == 0:
                self._answer(peer, bytes(peer.received))
            return
        peer.received += data
        head, found, body = bytes(peer.received).partition(b"\r\n\r\n")
        if not found:
            return
        if head.split(b" ")[1] == b"/early":
            self._send(peer, _response(413, b"too large", b"connection: close\r\n"))
            self._close(peer)
            return
        length = next(
            (int(v.split(b":")[1]) for v in head.lower().split(b"\r\n") if v.startswith(b"content-length")), 0
        )
        peer.received, peer.to_read = bytearray(head), length - len(body)
        if peer.to_read == 0:
            self._answer(peer, head)

    def _answer(self, peer: Peer, head: bytes) -> None:
        now = time.perf_counter()
        self.first_s = self.first_s or now
        peer.received = bytearray()
        _, kind, *rest = head.split(b" ")[1].decode().split("/")
        argument = rest[0] if rest else ""
        for delay_s, data in self._actions(kind, argument, peer):
            heapq.heappush(self.due, (now + delay_s, next(self.order), peer, data))
        peer.served += 1

    def _actions(self, kind: str, argument: str, peer: Peer) -> Iterator[tuple[float, bytes | None]]:
        """What to send and when, in seconds from now; None closes."""
        whole = _response(200, b"{}", b"x-stall: %.9f %.9f\r\n" % self.stalled)
        if kind == "delay":
            yield float(argument), whole
        elif kind == "status":
            yield 0.0, _response(int(argument), b"because")
        elif kind == "size":
            yield 0.0, _response(200, b"x" * int(argument))
        elif kind == "pieces":
            step = -(-len(whole) // int(argument))
            for i, start in enumerate(range(0, len(whole), step)):
                yield i * _PIECE_S, whole[start : start + step]
        elif kind == "hundred":
            yield 0.0, b"HTTP/1.1 100 Continue\r\nx-first: 1\r\n\r\n" + whole
        elif kind == "twice":
            yield 0.0, whole + _response(500, b"second")
        elif kind == "close":
            yield 0.0, _response(200, b"{}", b"connection: close\r\n")
            yield 0.0, None
        elif kind == "unframed":
            yield 0.0, b"HTTP/1.1 200 OK\r\nx-kind: unframed\r\n\r\nun"
            yield _PIECE_S, b"framed"
            yield 2 * _PIECE_S, None
        elif kind == "leave":
            yield 0.0, whole
            yield 0.02, None
        elif kind == "cut":
            yield 0.0, whole[:-1]
            yield 0.0, None
        elif kind == "garbage":
            yield 0.0, b"I do not speak it\r\n\r\n"
        elif kind == "drop" or (kind == "drop-reused" and peer.served):
            yield 0.0, None
        elif kind == "drop-reused":
            yield 0.0, whole

    def _send(self, peer: Peer, data: bytes | None) -> None:
        if data is None:
            self._close(peer)
            return
        with suppress(OSError):
            peer.socket.setblocking(True)
            peer.socket.settimeout(5)
            peer.socket.sendall(data)
            peer.socket.setblocking(False)

    def _close(self, peer: Peer) -> None:
        with suppress(KeyError, ValueError):
            self.selector.unregister(peer.socket)
        peer.socket.close()


def _response(code: int, body: bytes, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Said\r\ncontent-length: %d\r\nX-Drydock-Version: null-1\r\n%s\r\n%s" % (
        code, len(body), headers, body,
    )  # fmt: skip


@contextmanager
def null_server(stall_at_s: float = 0.0, stall_s: float = 0.0) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Start it; gives its port and its process."""
    command = [sys.executable, __file__, str(stall_at_s), str(stall_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process
    finally:
        with suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        process.wait(10)


if __name__ == "__main__":
    server = NullServer(*map(float, sys.argv[1:3]))
    print(server.listener.getsockname()[1], flush=True)
    server.run()
