"""PFA, the Portable Format for Analytics: a JSON document that describes a scoring engine. Nobody maintains one."""

from pathlib import Path
from typing import NoReturn

from data.errors import Unavailable
from strategies.packaging.formats.contract import About, Fitted, Format

_WHY = (
    "no maintained library writes or reads PFA: titus (2016) needs Python 2, titus2 1.2.1 (2023) Python below 3.10 and "
    "NumPy below 1.20, and Hadrian, the engine for Java, is older still"
)


class Pfa(Format):
    title = "PFA"
    suffix = ".pfa"
    safety = "data"
    carries = "On paper: trees, linear models, clusters and small programs of its own operators, as JSON."
    cannot = "Be used today: the standard of 2015 has no maintained reader or writer."
    readers = "None that is maintained. ONNX took its place."

    def missing(self) -> str:
        return f"{_WHY[0].upper()}{_WHY[1:]}. Use ONNX, or PMML where a scoring engine asks for it."

    def save(self, model: Fitted, path: Path) -> NoReturn:  # noqa: ARG002
        raise Unavailable(f"PFA cannot be written: {_WHY}", "use ONNX")

    def load(self, path: Path, about: About) -> NoReturn:  # noqa: ARG002
        raise Unavailable(f"PFA cannot be read: {_WHY}", "use ONNX")
