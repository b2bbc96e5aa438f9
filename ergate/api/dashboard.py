"""`/` and `/static/…`: the pages for people, which get all that they show from `/api/v1`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import Request
from starlette.responses import Response

from ergate.api.guard import Access
from ergate.api.problems import Refused
from ergate.api.routing import declared, new_router

router = new_router("dashboard", prefix="")

SHELL = "index.html"
"""The one page; which part of it is seen stands behind the `#` of the address."""
KINDS: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Other files are not served."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of the dashboard."""

    body: bytes
    media_type: str
    tag: str
    """Names the content: a browser asks with it whether its copy is still good."""


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Return all files by their path below `static`; they are read once.

    What is not among them cannot be asked for, whatever dots and slashes an address holds.
    """
    return dict(_read(files("ergate.api") / "static", ""))


def _read(directory: Traversable, prefix: str) -> Iterator[tuple[str, StaticFile]]:
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{prefix}{entry.name}/")
        elif media_type := KINDS.get(entry.name[entry.name.rfind(".") :]):
            body = entry.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            yield f"{prefix}{entry.name}", StaticFile(body, media_type, tag)


# Public: they are the same for everybody, and hold nothing of what the store keeps.
@router.get("/", include_in_schema=False, **declared(Access.PUBLIC))
async def get_shell(request: Request) -> Response:
    """Return the page in which the dashboard runs."""
    return _answer(request, SHELL)


@router.get("/static/{path:path}", include_in_schema=False, **declared(Access.PUBLIC, 404))
async def get_static(request: Request, path: str) -> Response:
    """Return a script, a style sheet or a picture of the dashboard."""
    return _answer(request, path)


def _answer(request: Request, path: str) -> Response:
    file = static_files().get(path)
    if file is None:
        raise Refused(404, "The dashboard has no such file.", next_step="Go to the address /.")
    # Kept by the browser, and asked about each time: an upgrade is seen at once.
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    known = request.headers.get("if-none-match", "")
    if file.tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(file.body, media_type=file.media_type, headers=headers)
