"""A deployment for router tests: answers with its name, slowly or not at all, and counts what it was asked."""

import argparse
import asyncio
import os
import signal
import sys

from strategies.hosts.lifeline.place import Place
from strategies.releases.router.front import Asked, Front, plain

COUNTS = {"asked": 0}


class Backend:
    def __init__(self, name: str, delay_s: float, code: int, chunked: bool) -> None:
        self.name, self.delay_s, self.code, self.chunked = name, delay_s, code, chunked

    def opened(self, front: Front) -> None: ...
    def closed(self, front: Front) -> None: ...

    def take(self, asked: Asked, front: Front) -> None:
        if asked.path == b"/asked":
            front.answer(plain(b"200 OK", b"%d" % COUNTS["asked"]))
        elif asked.path in (b"/readyz", b"/where"):
            front.answer(plain(b"200 OK", self.name.encode()))
        elif asked.path == b"/die":
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            COUNTS["asked"] += 1
            asyncio.get_running_loop().call_later(self.delay_s, self.reply, asked, front)

    def reply(self, asked: Asked, front: Front) -> None:
        label = self.name.encode() if asked.path != b"/echo" else asked.body
        body = b'{"prediction":{"label":"%s","probabilities":[0.1,0.9]}}' % label if asked.path != b"/echo" else label
        if self.chunked:
            head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            front.answer(head + b"%x\r\n%s\r\n" % (5, body[:5]) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body) - 5, body[5:]))
            return
        front.answer(plain(b"%d Whatever" % self.code, body, more=b"x-drydock-version: %s\r\n" % self.name.encode()))


async def serve(backend: Backend, port: int) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: Front(backend), sock=Place.here().listener("127.0.0.1", port))
    await stop.wait()
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--name")
    parser.add_argument("--delay-s", type=float, default=0.0)
    parser.add_argument("--code", type=int, default=200)
    parser.add_argument("--chunked", action="store_true")
    chosen = parser.parse_args(sys.argv[1:])
    asyncio.run(serve(Backend(chosen.name, chosen.delay_s, chosen.code, chosen.chunked), chosen.port))
