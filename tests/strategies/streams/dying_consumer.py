"""A consumer that kills itself at a chosen moment; started by the tests instead of the real one.

`DIE_AT` is where: ``predicting`` (a batch was taken up, nothing is answered), ``answered`` (the server has stored an
answer, the request is not yet acknowledged), or ``row`` (whenever a row begins with 666). `DIE_ONCE` names a file that
the process makes when it dies, and that keeps later ones alive.
"""

import os
import signal
from pathlib import Path
from typing import Any

from strategies.packaging import runtime
from strategies.streams import consumer, worker

WHERE, ONCE = os.environ["DIE_AT"], os.environ.get("DIE_ONCE", "")


def die() -> None:
    if ONCE:
        if Path(ONCE).exists():
            return
        Path(ONCE).touch()
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, check: Any) -> None:
    original = getattr(owner, name)

    def patched(self: Any, *arguments: Any) -> Any:
        check(*arguments)
        return original(self, *arguments)

    setattr(owner, name, patched)


if WHERE == "predicting":
    before(worker.Worker, "_predict", lambda *_: die())
elif WHERE == "answered":
    before(worker.Worker, "_answered", lambda *_: die())
elif WHERE == "row":
    before(runtime.OnnxPredictor, "predict", lambda x: die() if (x[:, 0] == 666).any() else None)
else:
    raise SystemExit(f"DIE_AT = {WHERE!r} is no place to die at")

if __name__ == "__main__":
    consumer.main()
