"""``python -m dashboard``: serve the page on this machine until Ctrl-C.

python -m dashboard --port 8501 --host 127.0.0.1
"""

import argparse
import contextlib
import ipaddress
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

_GRACE_S = 2
"""How long open requests may take to end before the server closes them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the exit status is 0 after Ctrl-C or SIGTERM and 1 where it cannot start."""
    options = _parse(arguments)
    try:
        listener = _listen(options.host, options.port)
    except OSError as error:
        print(_cannot_listen(options.host, options.port, error), file=sys.stderr)
        return 1
    port = listener.getsockname()[1]
    _configure(options.host, port)
    # The server ends in order on both signals and then raises them again; that is no error to report.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(KeyboardInterrupt):
        _serve(listener, _address(options.host, port), _has_display() and not options.no_browser)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dashboard", description="Serve the Drydock page.")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on; 0 takes any free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    return parser.parse_args(arguments)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that a taken port is known before anything else starts."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(found[0], found[1])
    try:
        if os.name == "posix":  # on Windows the option would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[4])
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    return (
        f"Drydock cannot listen on {host} port {port} ({error.strerror or error}).\n"
        f"Another program may be using the port: stop it, or choose another with make run PORT={port + 1}."
    )


def _configure(host: str, port: int) -> None:
    """Tell Streamlit, which reads its environment at import, where it is served."""
    os.environ["STREAMLIT_SERVER_PORT"] = str(port)
    os.environ["STREAMLIT_SERVER_ADDRESS"] = host
    if _is_loopback(host):
        # No other name can mean this machine: refusing them keeps web sites from rebinding their own name to it.
        os.environ["STREAMLIT_SERVER_ALLOWED_HOSTS"] = f"localhost,127.0.0.1,[::1],{host}"


def _serve(listener: socket.socket, address: str, show: bool) -> None:
    import uvicorn

    from dashboard.server import application

    config = uvicorn.Config(
        application(), log_level="warning", access_log=False, timeout_graceful_shutdown=_GRACE_S, ws="websockets-sansio"
    )

    class Server(uvicorn.Server):
        """Tells the address once it answers there."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(f"Drydock is at {address} (Ctrl-C ends it)", flush=True)
            if show:
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    Server(config).run(sockets=[listener])


def _address(host: str, port: int) -> str:
    shown = "localhost" if host in {"0.0.0.0", "::"} else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _has_display() -> bool:
    """Whether a browser window can open here; without a screen, trying could start a text browser in the terminal."""
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.exit(main())
