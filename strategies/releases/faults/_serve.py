"""``python -m strategies.releases.faults._serve`` serves a package with a fault: the usual server, the fault around it.

Takes the usual server's arguments; the fault comes as JSON in DRYDOCK_FAULT: its name and its settings.
"""

import json
import os
import sys
from dataclasses import replace

from data.errors import DrydockError
from strategies.hosts.lifeline.place import Place
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.releases.faults._choosing import make_fault
from strategies.releases.faults._dressing import VARIABLE
from strategies.serving.application import Application
from strategies.serving.models import Served
from strategies.serving.server import Server
from strategies.serving.settings import from_command_line


def main(arguments: list[str]) -> None:
    settings, place = from_command_line(arguments), Place.here()
    order = json.loads(os.environ[VARIABLE])
    fault = make_fault(order["fault"], order.get("settings", {}))
    package = ModelPackage.open(settings.package)
    # Answers name it as another version than the healthy one, which may have the same file.
    manifest = replace(package.manifest, version=order["version"])
    try:
        served = Served(manifest, fault.wrap(load_predictor(package).predict))
    except DrydockError:  # it fails on the row of zeros that servers try themselves out on
        served = Served(manifest, load_predictor(package).predict)
        served.predict = fault.wrap(served.predict)
    fault.begin()
    Server(Application(served, settings, place), settings, place).listen_and_run()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (DrydockError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
