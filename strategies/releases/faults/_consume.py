"""``python -m strategies.releases.faults._consume`` runs a stream's consumer whose new version has a fault.

Takes the usual consumer's arguments; the fault comes in DRYDOCK_FAULT. Models of other versions answer as they are.
"""

import sys
from functools import partial

from data.errors import DrydockError
from strategies.releases.faults._dressing import dress
from strategies.streams import consumer

if __name__ == "__main__":
    try:
        consumer.main(dress=partial(dress, tries=1))  # each consumer tries a model out on one row
    except (DrydockError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
