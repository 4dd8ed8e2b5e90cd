"""What the visitor's browser fetches from Drydock to run a model itself: scripts, the runtime, and the model."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from data.errors import DrydockError
from strategies.browsing.runtime import lock, runtime_file
from strategies.packaging.shelf import find_package

_ROOT = "/in-browser"
_SCRIPTS = {path.name: path for path in Path(__file__).with_name("script").glob("*.mjs")}
_TYPES = {".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}
_FOR_EVER = {"cache-control": "max-age=31536000, immutable"}  # its version is in its address
_ASK_AGAIN = {"cache-control": "no-cache"}

SCRIPT = f"{_ROOT}/script/page.mjs"
RUNTIME = f"{_ROOT}/runtime/{lock().version}/"


def model_path(version: str) -> str:
    """Where the package's ONNX file is served."""
    return f"{_ROOT}/model/{version}"


def browser_routes() -> list[Route]:
    """Routes to add to the page's server; they serve files that exist by exactly the name asked for."""
    return [
        Route(f"{_ROOT}/script/{{name}}", _script),
        Route(f"{RUNTIME}{{name}}", _runtime),
        Route(f"{_ROOT}/model/{{version}}", _model),
    ]


def _script(request: Request) -> FileResponse:
    path = _SCRIPTS.get(request.path_params["name"])
    if path is None:
        raise HTTPException(404)
    return _file(path, _ASK_AGAIN)


def _runtime(request: Request) -> FileResponse:
    try:
        return _file(runtime_file(request.path_params["name"]), _FOR_EVER)
    except DrydockError as error:
        raise HTTPException(404, str(error)) from None


def _model(request: Request) -> FileResponse:
    try:
        package = find_package(request.path_params["version"])
    except DrydockError as error:
        raise HTTPException(404, str(error)) from None
    if package.manifest.format != "onnx":  # nothing else runs in a browser, so nothing else leaves the shelf
        raise HTTPException(404)
    return _file(package.served_file, _FOR_EVER)


def _file(path: Path, headers: dict[str, str]) -> FileResponse:
    return FileResponse(path, headers=headers, media_type=_TYPES.get(path.suffix, "application/octet-stream"))
