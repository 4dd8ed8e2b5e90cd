"""Small models for measured lessons, trained once and kept in the state folder, apart from the learner's own."""

import hashlib
import json
from typing import Any

from data.home import home
from strategies.packaging.package import ModelPackage
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train
from strategies.training.watch import CancelCheck, never


def lesson_model(data: str, algorithm: str, *, cancelled: CancelCheck = never, **more: Any) -> ModelPackage:
    """The package of a model on that dataset: the one that is kept, or else one that is trained now.

    `more` is what else a `TrainingSpec` says, such as `max_rows`.
    """
    spec = TrainingSpec(data=data, algorithm=algorithm, learning_curve=False, track=False, **more)
    name = hashlib.sha256(json.dumps(spec.model_dump(), sort_keys=True).encode()).hexdigest()[:12]
    folder = home() / "lessons" / "models" / name
    for manifest in folder.glob("*/manifest.json"):
        return ModelPackage.open(manifest.parent)
    return package_trained(train(spec, cancelled=cancelled), folder)
