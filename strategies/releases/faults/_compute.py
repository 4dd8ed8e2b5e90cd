"""``python -m strategies.releases.faults._compute --fd N`` is a batch's worker whose version has a fault.

It does as `strategies.batches.worker` does; the fault comes in DRYDOCK_FAULT.
"""

from strategies.batches import worker
from strategies.batches.computing import dress_with
from strategies.releases.faults._dressing import dress

if __name__ == "__main__":
    dress_with(dress)
    worker.main()
