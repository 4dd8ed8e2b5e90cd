"""Models put on a shelf beforehand, for tests that are not about training."""

from pathlib import Path

from data.scenario import Scenario
from strategies.packaging.package import ModelPackage
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train


def shelve(scenario: Scenario, home: Path) -> ModelPackage:
    """Train the model that a scenario asks for into a state folder, so that whoever compares it finds it there.

    Nothing is recorded in MLflow, which takes most of a small training's time, and ten seconds the first time.
    """
    spec = TrainingSpec.from_choices(scenario.data, scenario.model, scenario.seed, learning_curve=False, track=False)
    return package_trained(train(spec), home / "packages")
