"""A worker process of a job: ``python -m strategies.batches.worker --fd N`` does what it is told through a socket."""

import argparse
import json
import signal
import socket
from typing import Any

from strategies.batches.computing import compute_chunks, try_loops


def work(asked: dict[str, Any]) -> dict[str, Any]:
    """One message's answer; an error's text where it cannot be done."""
    try:
        if asked["do"] == "try":
            return {"loop": try_loops(asked["spec"], asked["chunk"], asked["threads"])}
        (part,) = compute_chunks(asked["spec"], [asked["chunk"]])
        return {"part": part}
    except MemoryError:
        raise  # this process is no good any more; the job starts another
    except Exception as error:  # whatever a file or a model may raise is for the job to tell
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="the socket that the job speaks through")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches everybody in a terminal; the job decides
    with socket.socket(fileno=parser.parse_args().fd) as link, link.makefile("rwb") as file:
        for line in file:
            file.write(json.dumps(work(json.loads(line))).encode() + b"\n")
            file.flush()


if __name__ == "__main__":
    main()
