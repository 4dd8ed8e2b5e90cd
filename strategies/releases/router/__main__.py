"""``DRYDOCK_RELEASE='{"policy": …, "old": 8001, "new": 8002}' python -m strategies.releases.router --port 8000``"""

import argparse
import asyncio
import os
import signal
import sys

from data.errors import DrydockError
from strategies.hosts.lifeline.place import Place
from strategies.releases.choices import make_policy
from strategies.releases.router.accounts import Accounts
from strategies.releases.router.answers import Reader
from strategies.releases.router.controlling import Control, sweep
from strategies.releases.router.deciding import Decider, rehearse
from strategies.releases.router.dividing import Divider
from strategies.releases.router.front import Front
from strategies.releases.router.order import VARIABLE, Order
from strategies.releases.router.upstream import Upstream

_DRAIN_S = 8.0


async def serve(order: Order, host: str, port: int) -> None:
    """Route until SIGTERM or SIGINT, then answer what is under way and go."""
    loop, stop, place = asyncio.get_running_loop(), asyncio.Event(), Place.here()
    accounts = Accounts(Reader(order.edges, order.tolerance))
    divider = Divider(accounts, order.timeout_s, order.salt.encode())
    policy = make_policy(order.policy)
    rehearse(policy)
    decider = Decider(policy, divider)
    divider.old = Upstream(order.upstream_host, order.old) if order.old else None
    divider.new = Upstream(order.upstream_host, order.new) if order.new else None
    control = Control(divider, decider, order.secret, order.upstream_host)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sweeping = loop.create_task(sweep(divider))
    server = await loop.create_server(lambda: Front(control), sock=place.listener(host, port))
    place.announce()
    await stop.wait()
    server.close()
    await _drain(control)
    sweeping.cancel()


async def _drain(control: Control) -> None:
    """Let requests under way be answered; connections that are idle are closed."""
    deadline_s = asyncio.get_running_loop().time() + _DRAIN_S
    while control.fronts and asyncio.get_running_loop().time() < deadline_s:
        for front in tuple(control.fronts):
            front.close_if_idle()
        await asyncio.sleep(0.02)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m strategies.releases.router", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args(arguments)
    if VARIABLE not in os.environ:
        raise SystemExit(f"{VARIABLE} is not set: it names the policy and the two deployments' ports, as JSON.")
    order = Order.from_json(os.environ.pop(VARIABLE))
    running = serve(order, chosen.host, chosen.port)
    try:
        import uvloop
    except ImportError:  # not made for Windows
        asyncio.run(running)
    else:
        uvloop.run(running)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (DrydockError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
