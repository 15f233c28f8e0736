"""Serves the console: four static files, out of the package, under a policy that loads nothing from elsewhere."""

from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/console/console.css": ("console.css", "text/css; charset=utf-8"),
    "/console/console.js": ("console.js", "text/javascript; charset=utf-8"),
    "/console/icon.svg": ("icon.svg", "image/svg+xml"),
}
_HEADERS = {
    # blob: is how the page shows a photo before it is uploaded. Trusted types: no text ever becomes markup.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # an upgrade must not meet the script of the release before it
}

router = APIRouter()


async def _file(request: Request) -> Response:
    name, media_type = _FILES[request.url.path]
    content = files("ingest_api.console").joinpath("static", name).read_bytes()
    return Response(content, media_type=media_type, headers=_HEADERS)


for _path in _FILES:
    router.add_route(_path, _file, methods=["GET"], include_in_schema=False)
