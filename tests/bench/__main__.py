"""``python -m tests.bench``: time ours against theirs; ends with status 1 when a target is missed."""

import argparse
import signal
import sys
from collections.abc import Sequence

from data.errors import UnknownKind
from tests.bench._harness import RESULTS, Effort, Row, groups, save, table


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default="", help="groups to run, with commas between them; all without it")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contender")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one turn under load")
    chosen = parser.parse_args(arguments)
    found = groups()
    wanted = [name.strip() for name in chosen.only.split(",") if name.strip()] or list(found)
    for name in wanted:
        if name not in found:
            raise SystemExit(str(UnknownKind("benchmark", name, found)))
    rows: list[Row] = []
    for name in wanted:
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += found[name].run(Effort(chosen.rounds, chosen.seconds))
    save(rows)
    print(table(rows))
    print(f"\nWritten to {RESULTS.relative_to(RESULTS.parents[1])}")
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    # Who is ended ends what it started, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
