"""Drydock's own server, with everything but the model: it reads and checks each row, and answers a constant."""

import sys

import numpy as np

from strategies.hosts.lifeline.place import Place
from strategies.packaging.package import ModelPackage
from strategies.serving.application import Application
from strategies.serving.models import Served
from strategies.serving.server import Server
from strategies.serving.settings import from_command_line

settings = from_command_line(sys.argv[1:])
manifest = ModelPackage.open(settings.package).manifest
answer = np.full((1, len(manifest.outputs)), 0.5, np.float32)
served = Served(manifest, lambda rows: answer if len(rows) == 1 else np.repeat(answer, len(rows), axis=0))
Server(Application(served, settings, Place.here()), settings, Place.here()).listen_and_run()
