"""The image: a Dockerfile and all that it copies."""

from simulators.shipping.contract import FileKind, Files
from simulators.shipping.files._program import CHECK, SERVE, check_requirements, recipe
from simulators.shipping.shipment import PORT, Shipment
from strategies.containers.closure import ROOT, closure

_SERVER = f"""\
COPY bin/ /usr/local/bin/
RUN chmod 755 /usr/local/bin/serve
USER 10001:10001
EXPOSE {PORT}
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", \
"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{PORT}/readyz', timeout=4)"]
CMD ["serve"]
"""
_OTHER = """\
USER 10001:10001
"""
IGNORED = "*\n!requirements/serving.txt\n!requirements/more.txt\n!code\n!files\n!bin\n"


class Image(FileKind):
    title = "Container image"
    summary = (
        "The Dockerfile that the container host builds by, with the model inside and a program to start: no root, "
        "locked requirements, layers from what changes least to what changes most."
    )
    strategies = ("api", "streaming", "batch")
    use = "docker build -t IMAGE ."

    def files(self, shipment: Shipment) -> Files:
        made = recipe(shipment)
        layers, found, _ = made.dockerfile.partition("USER ")
        assert found, "the template names a user"
        about = (
            f'LABEL org.opencontainers.image.title="{shipment.name}" '
            f'org.opencontainers.image.version="{shipment.version}"\n'
        )
        tail = _SERVER if shipment.listens else _OTHER
        files = {"Dockerfile": (layers + about + tail).encode(), ".dockerignore": IGNORED.encode(), **made.files}
        if shipment.listens:
            files["bin/serve"] = SERVE.encode()
            files["requirements/check.txt"] = check_requirements()
            for path in closure((CHECK,)):
                files[f"code/{path.relative_to(ROOT).as_posix()}"] = path.read_bytes()
        return files
