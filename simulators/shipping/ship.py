"""All files of a shipment: what is made, what is left out and why, and the zip."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from data.discovery import kinds
from simulators.shipping.contract import FileKind, Files
from simulators.shipping.shipment import Shipment

_MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same content gives the same bytes
_SCRIPTS = ("serve",)


@dataclass(frozen=True, slots=True)
class Made:
    """One kind's files."""

    name: str
    title: str
    summary: str
    use: str
    files: Files


@dataclass(frozen=True, slots=True)
class Shipped:
    """Everything that was made for a shipment."""

    made: tuple[Made, ...]
    left_out: Mapping[str, str]
    """Kinds by title, and why they make no sense for the candidate."""
    readme: str

    @property
    def files(self) -> dict[str, bytes]:
        """All files by path, sorted."""
        found = {"README.md": self.readme.encode()}
        for made in self.made:
            found |= made.files
        return dict(sorted(found.items()))

    def zipped(self) -> bytes:
        """All files in one zip, the same for the same content."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in self.files.items():
                entry = zipfile.ZipInfo(path, _MOMENT)
                mode = 0o755 if path.rpartition("/")[2] in _SCRIPTS else 0o644
                entry.external_attr, entry.compress_type = mode << 16, zipfile.ZIP_DEFLATED
                archive.writestr(entry, data)
        return content.getvalue()


def ship(shipment: Shipment) -> Shipped:
    """Make the files of every kind that makes sense for the candidate."""
    made: list[Made] = []
    left_out: dict[str, str] = {}
    for name, cls in kinds("simulators.shipping.files", FileKind).items():  # type: ignore[type-abstract]
        kind = cls()
        if reason := kind.why_not(shipment):
            left_out[cls.title] = reason
        else:
            made.append(Made(name, cls.title, cls.summary, cls.use, kind.files(shipment)))
    return Shipped(tuple(made), left_out, _readme(shipment, made))


def _readme(shipment: Shipment, made: list[Made]) -> str:
    candidate, manifest = shipment.candidate, shipment.package.manifest
    key = "features" if candidate.strategy == "streaming" else "record"
    example = json.dumps({key: dict(manifest.example)}, ensure_ascii=False)
    parts = [
        f"# {shipment.name}, version {shipment.version}",
        f"The candidate *{candidate.name}*: strategy {candidate.strategy} on {candidate.host}, architecture "
        f"{candidate.architecture}, released by {candidate.release}. It predicts `{manifest.target}`.",
        f"SLO: {shipment.slo.percentile:g}% of requests within {shipment.slo.latency_ms:g} ms, at most "
        f"{shipment.slo.max_error_share:.2%} failed. Each replica gets {shipment.resources.cpus:g} processors and "
        f"{shipment.resources.mib} MiB; {shipment.resources.basis}.",
        f"Replace `{shipment.registry}` by your registry. Nothing here holds a secret: `DRYDOCK_TOKEN`, where it is "
        "set, is the bearer token that clients must send.",
        *([f"A request: `{example}`"] if manifest.example and candidate.strategy in ("api", "streaming") else []),
        *(f"## {each.title}\n\n{each.summary}\n\n    {each.use}" for each in made),
    ]
    return "\n\n".join(parts) + "\n"
