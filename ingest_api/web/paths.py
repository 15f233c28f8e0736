"""Adds to the router: HEAD wherever there is GET, every method in `Allow`, and redirects that name no host."""

from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_READING = ("GET", "HEAD")


class HeadMiddleware:
    """Serves HEAD as GET if no route takes HEAD; the server sends no body for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or "HEAD" in _methods_at(scope):
            await self._app(scope, receive, send)
            return
        as_get = {**scope, "method": "GET"}
        try:
            await self._app(as_get, receive, send)
        finally:
            scope.update({key: as_get[key] for key in ("route", "endpoint") if key in as_get})  # for the metrics


def allowed_methods(scope: Scope) -> str:
    """Return the methods of the path of *scope*, in the form of `Allow`; empty if it has none."""
    taken = _methods_at(scope)
    return ", ".join(sorted(taken | ({"HEAD"} if "GET" in taken else set())))


async def redirect_or_not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer for a path that no route matches: there may be one that differs by the slash at its end.

    Starlette's redirect repeats the host that the caller named, which may not be ours.
    """
    path = scope["path"]
    other = "/" + (path.strip("/") if path.endswith("/") else f"{path.lstrip('/')}/")
    if scope["type"] != "http" or path == "/" or not _methods_at({**scope, "path": other}):
        raise HTTPException(404)
    query = scope["query_string"].decode("latin-1")
    location = quote(scope.get("root_path", "") + other) + (f"?{query}" if query else "")
    await Response(status_code=307, headers={"Location": location})(scope, receive, send)


def _methods_at(scope: Scope) -> set[str]:
    routes: list[BaseRoute] = scope["app"].router.routes
    whole = {**scope, "root_path": scope.get("app_root_path", scope.get("root_path", ""))}  # a mount puts itself there
    return {method for method in _METHODS if any(_serves(route, {**whole, "method": method}) for route in routes)}


def _serves(route: BaseRoute, scope: Scope) -> bool:
    """Say whether *route* serves the method and path of *scope*; what is mounted are files, which match any method."""
    is_possible = not isinstance(route, Mount) or scope["method"] in _READING
    return is_possible and route.matches(scope)[0] is Match.FULL
