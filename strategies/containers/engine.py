"""The Docker engine: reaching it, building images, and clearing away what nobody uses any more."""

import io
import os
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from data.errors import DrydockError
from strategies.containers.recipe import BASE, REPOSITORY, Recipe
from strategies.hosts.contract import Service

if TYPE_CHECKING:
    from docker import DockerClient

LABEL = "io.drydock.made"
OWNER_LABEL = "io.drydock.owner"
"""Process that a container belongs to."""
KEPT_IMAGES = 8
"""Images that stay for later; they share all layers but those with code and model."""
_TIMEOUT_S = 120
_SOCKETS = (Path("/var/run/docker.sock"), Path.home() / ".docker" / "run" / "docker.sock")
_HOW = (
    "Install Docker Engine (https://docs.docker.com/engine/install/) or Docker Desktop, start it, and see that "
    "`docker info` works for your user; or name an engine in DOCKER_HOST."
)
_building = threading.Lock()


class BuildFailed(DrydockError):
    """An image could not be built; the message ends with the last lines of the build."""


def missing() -> str:
    """Empty where an engine answers; otherwise what is missing and how to get it."""
    where = _address()
    # Looked at first, as the client would leave its socket open where it finds nothing to connect to.
    if where is None or (where.startswith("unix://") and not Path(where.removeprefix("unix://")).exists()):
        return f"There is no Docker engine here. {_HOW}"
    try:
        connected().close()
    except Exception as error:  # whatever a broken installation raises, it is no engine that answers
        return f"The Docker engine does not answer ({type(error).__name__}: {error}). {_HOW}".replace("\n", " ")
    return ""


def connected() -> "DockerClient":
    """A client of the engine, which has answered once."""
    import docker  # here: the page lists the hosts at its start, and the client takes a tenth of a second

    where = _address()
    tls = bool(os.environ.get("DOCKER_TLS_VERIFY"))
    client = (
        docker.from_env(timeout=_TIMEOUT_S) if tls or where is None else docker.DockerClient(where, timeout=_TIMEOUT_S)
    )
    client.ping()
    return client


def image_for(client: "DockerClient", service: Service) -> str:
    """The name of an image that holds what a service needs; built only where no image has that content yet."""
    with _building:  # several replicas ask at once, for the same one
        recipe = Recipe.of(service, _base_id(client))
        if not _known(client, recipe.tag):
            build(client, recipe)
            prune(client, keep=KEPT_IMAGES)
    return recipe.tag


def build(client: "DockerClient", recipe: Recipe) -> None:
    """Build an image; layers whose content the engine knows are not built again."""
    last: deque[str] = deque(maxlen=25)
    indexes = {name: os.environ[name] for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL") if name in os.environ}
    # On the host's network, so that a build reaches a package index exactly where the user's own pip does.
    steps = client.api.build(
        fileobj=io.BytesIO(recipe.context()), custom_context=True, tag=recipe.tag, network_mode="host", rm=True,
        forcerm=True, decode=True, buildargs=indexes,
    )  # fmt: skip
    for step in steps:
        last += step.get("stream", step.get("status", "")).splitlines()
        if "error" in step:
            lines = "\n".join(line for line in last if line.strip())
            raise BuildFailed(f"The image {recipe.tag} could not be built: {step['error']}\n{lines}")


def prune(client: "DockerClient", keep: int = 0) -> None:
    """Remove images of ours, all but the `keep` newest and those in use."""
    import docker

    images = client.images.list(name=REPOSITORY, filters={"label": f"{LABEL}=image"})
    for image in sorted(images, key=lambda each: str(each.attrs["Created"]), reverse=True)[keep:]:
        for tag in image.tags:
            try:
                client.images.remove(tag)
            except docker.errors.APIError:
                continue  # a container still uses it; a later one will take it along


def sweep(client: "DockerClient") -> None:
    """Remove containers whose owner died before it could start them, or while they ended."""
    import docker

    filters: dict[str, str | list[str] | bool] = {
        "label": f"{LABEL}=container", "status": ["created", "exited", "dead"],
    }  # fmt: skip
    for container in client.containers.list(all=True, filters=filters, ignore_removed=True):
        owner = container.labels.get(OWNER_LABEL, "0")
        if not psutil.pid_exists(int(owner)):
            try:
                container.remove(force=True)
            except docker.errors.APIError:
                continue  # somebody else is at it


def _address() -> str | None:
    """Where the engine is, if anywhere."""
    return os.environ.get("DOCKER_HOST") or next((f"unix://{path}" for path in _SOCKETS if path.exists()), None)


def _known(client: "DockerClient", tag: str) -> bool:
    import docker

    try:
        client.images.get(tag)
    except docker.errors.ImageNotFound:
        return False
    return True


def _base_id(client: "DockerClient") -> str:
    """Identifier of the base image; pulled where the engine has none."""
    import docker

    try:
        return str(client.images.get(BASE).id)
    except docker.errors.ImageNotFound:
        return str(client.images.pull(BASE).id)
