"""Serves the console and the API's documentation, under policies that load nothing from other hosts.

Which formats the page offers is filled in from `common.formats`.
"""

from html import escape
from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from common.formats import OUTPUT_FORMATS, ImageFormat, enumerate_formats

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/console/console.css": ("console.css", "text/css; charset=utf-8"),
    "/console/console.js": ("console.js", "text/javascript; charset=utf-8"),
    "/console/icon.svg": ("icon.svg", "image/svg+xml"),
    "/docs": ("docs.html", "text/html; charset=utf-8"),
    "/console/docs.js": ("docs.js", "text/javascript; charset=utf-8"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; "
)
# The page shows a photo by a blob: URL before its upload. Trusted types: no text ever becomes markup.
_CONSOLE_POLICY = (
    f"{_POLICY}style-src 'self'; img-src 'self' blob:; require-trusted-types-for 'script'; trusted-types 'none'"
)
# Swagger UI has styles in its markup and images in its style sheet, and builds markup from text.
_DOCS_POLICY = f"{_POLICY}style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # an upgrade must not run the previous release's script
}

_SUGGESTED = ImageFormat.WEBP


def _option(known: ImageFormat) -> str:
    selected = " selected" if known is _SUGGESTED else ""
    return f'<option value="{known.value}"{selected}>{escape(known.label)}</option>'


_FILLINGS = {
    "{formats read}": escape(enumerate_formats(known.label for known in ImageFormat)),
    "{formats written}": "".join(_option(known) for known in OUTPUT_FORMATS),
}

router = APIRouter()


async def _file(request: Request) -> Response:
    name, media_type = _FILES[request.url.path]
    content = files("ingest_api.console").joinpath("static", name).read_text("utf-8")
    for place, filling in _FILLINGS.items():
        content = content.replace(place, filling)
    policy = _DOCS_POLICY if request.url.path == "/docs" else _CONSOLE_POLICY
    return Response(content, media_type=media_type, headers={**_HEADERS, "Content-Security-Policy": policy})


for _path in _FILES:
    router.add_route(_path, _file, methods=["GET"], include_in_schema=False)
