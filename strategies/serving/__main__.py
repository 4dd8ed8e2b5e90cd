"""``python -m strategies.serving --package FOLDER --port 8080`` serves a model package over HTTP.

Secrets come from the environment: DRYDOCK_TOKEN or DRYDOCK_TOKEN_FILE (asked of clients), DRYDOCK_ADMIN_SECRET or
DRYDOCK_ADMIN_SECRET_FILE (asked of administrators), DRYDOCK_SIGNING_KEY or DRYDOCK_SIGNING_KEY_FILE (the key that
packages must be signed with; without one they need no signature).
"""

import sys

from data.errors import DrydockError
from strategies.hosts.lifeline.place import Place
from strategies.packaging.package import ModelPackage
from strategies.packaging.signing import check_signature
from strategies.serving.application import Application
from strategies.serving.models import Served
from strategies.serving.server import Server
from strategies.serving.settings import from_command_line


def main(arguments: list[str]) -> None:
    settings, place = from_command_line(arguments), Place.here()
    if settings.signing_key:
        check_signature(settings.package, settings.signing_key)
    served = Served.load(ModelPackage.open(settings.package))
    Server(Application(served, settings, place), settings, place).listen_and_run()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (DrydockError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
