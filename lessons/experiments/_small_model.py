"""A small model for lessons that measure: trained once, and kept in the state folder for all of them."""

import json

from filelock import FileLock

from data.home import home
from data.scenario.parts import Scalar
from strategies.packaging.package import ModelPackage


def small_model(data: str = "tumour", algorithm: str = "logistic", **parameters: Scalar) -> ModelPackage:
    """The package of that model, served by ONNX."""
    from strategies.training.publish import package_trained
    from strategies.training.spec import TrainingSpec
    from strategies.training.train import train

    folder = home() / "lessons" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    spec = TrainingSpec(data=data, algorithm=algorithm, parameters=parameters, learning_curve=False, track=False)
    known = folder / f"{data}-{algorithm}-{abs(hash_of(parameters)):x}.txt"
    with FileLock(folder / "making.lock"):  # two learners may begin at once
        if known.is_file():
            return ModelPackage.open(folder / known.read_text())
        package = package_trained(train(spec), folder)
        known.write_text(package.folder.name)
    return package


def hash_of(parameters: dict[str, Scalar]) -> int:
    """A number that is the same in every process, for a file's name."""
    import zlib

    return zlib.crc32(json.dumps(parameters, sort_keys=True).encode())
