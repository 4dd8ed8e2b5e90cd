"""Changing the version that answers, in every replica, without refusing or dropping a request.

In two steps: all replicas load and check the new version while they answer with the old one, and only when all of them
could, each puts it in place, between two requests. A version that one of them cannot load changes nothing.
"""

import asyncio
from pathlib import Path
from typing import Any

from data.errors import DrydockError, InvalidValue
from strategies.packaging.package import ModelPackage
from strategies.packaging.signing import check_signature
from strategies.serving.models import Models, Served
from strategies.serving.peers import Peers
from strategies.serving.problems import Problem


class Swapping:
    """One replica's part in a change of version, and the lead in one that it was asked for."""

    def __init__(self, models: Models, signing_key: str = "") -> None:
        self._models, self._signing_key = models, signing_key
        self._offered: Served | None = None
        self._one_at_a_time = asyncio.Lock()

    async def handle(self, message: dict[str, Any]) -> dict[str, Any]:
        """Do what the leading replica says: ``load`` a package's folder, ``use`` what was loaded, or ``drop`` it."""
        try:
            if message["do"] == "load":
                self._offered = await asyncio.to_thread(self._load, Path(message["folder"]), message["version"])
            elif message["do"] == "use" and self._offered is not None:
                self._models.use(self._offered)
                self._offered = None
            elif message["do"] == "drop":
                self._offered = None
        except DrydockError as error:
            return {"error": str(error)}
        except Exception as error:  # whatever a file that is no model makes its library raise
            return {"error": f"{message.get('folder')} cannot be loaded ({type(error).__name__}: {error})"}
        return {}

    async def swap(self, peers: Peers, folder: str, version: str) -> list[int]:
        """Make `version`, packaged in `folder`, the current one everywhere; the numbers of the replicas that did."""
        async with self._one_at_a_time:
            loaded = await peers.ask_all({"do": "load", "folder": folder, "version": version})
            failed = {number: answer["error"] for number, answer in loaded.items() if "error" in answer}
            if failed:
                await peers.ask_all({"do": "drop"})
                raise Problem(409, "Cannot swap", f"Nothing was changed: {next(iter(failed.values()))}")
            return sorted(await peers.ask_all({"do": "use"}))

    def _load(self, folder: Path, version: str) -> Served:
        if self._signing_key:
            check_signature(folder, self._signing_key)
        package = ModelPackage.open(folder)  # checks every file's hash
        if package.version != version:
            raise InvalidValue("version", package.version, f"must be {version}", "name the version of that folder")
        self._models.check_successor(package.manifest)
        return Served.load(package)
