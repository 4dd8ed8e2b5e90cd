"""The web application that serves the page: Streamlit, and what it lacks.

Every browser gets a random name of its own in a cookie, so that a reload finds its runs again and nobody finds those
of another. Every answer carries a policy that forbids the browser to ask any other machine for anything. And when the
server ends, so does all that it started.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.file_util import get_static_dir
from streamlit.starlette import App

from dashboard.browsing.serving import browser_routes
from dashboard.errors import unexpected
from dashboard.views.contract import View
from dashboard.work import COOKIE, close
from data.discovery import kinds

_YEAR_S = 365 * 86_400

# Streamlit's own page needs inline styles and scripts, and Plotly draws through blobs; nothing comes from elsewhere.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'none'",
    )
)

# Streamlit's script looks for its server below the page's own address first, and each miss is an error in the console.
_WHERE = '<script>window.__streamlit = {BACKEND_BASE_URL: window.location.origin + "/"}</script>'


def application() -> App:
    """The page as an ASGI application; one a process."""
    return App(
        Path(__file__).with_name("app.py"),
        lifespan=_lifespan,
        routes=[Route("/", _page), *(Route(f"/{name}", _page) for name in _names()), *browser_routes()],
        middleware=[Middleware(_StayHere)],
        on_script_error=unexpected,
    )


def _names() -> list[str]:
    """The pages' names, without importing them: what they cache needs Streamlit's runtime to be there first."""
    files = (path.stem for path in Path(__file__).with_name("views").glob("*.py"))
    return sorted(name for name in files if name != "contract" and not name.startswith("_"))


@asynccontextmanager
async def _lifespan(_app: App) -> AsyncIterator[None]:
    _views()  # imported now, so that the first visitor does not wait for it
    try:
        yield
    finally:
        close()


def _views() -> Mapping[str, type[View]]:
    return kinds("dashboard.views", View)  # type: ignore[type-abstract]


def _page(request: Request) -> Response:
    """Streamlit's page, told where its server is, with the browser's name in a cookie that scripts cannot read."""
    views = _views()
    if request.url.path == f"/{min(views, key=lambda name: views[name].order)}":
        return RedirectResponse(request.url.replace(path="/"))  # Streamlit serves the first page at the root alone
    text = (Path(get_static_dir()) / "index.html").read_text(encoding="utf-8")
    text = text.replace("<title>Streamlit</title>", f"<title>Drydock</title>{_WHERE}", 1)
    answer = HTMLResponse(text, headers={"cache-control": "no-cache"})
    if COOKIE not in request.cookies:
        answer.set_cookie(COOKIE, secrets.token_urlsafe(18), max_age=_YEAR_S, httponly=True, samesite="strict")
    return answer


class _StayHere:
    """Adds the policy that keeps the browser from asking other machines."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = POLICY
                # Alone in its process, the page has a clock fine enough to time a prediction in the browser.
                headers["cross-origin-opener-policy"] = "same-origin"
                headers["cross-origin-embedder-policy"] = "require-corp"
                headers["referrer-policy"] = "no-referrer"
                headers["x-content-type-options"] = "nosniff"
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)
