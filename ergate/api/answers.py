"""Answers as JSON text in which nothing can act: neither on a terminal nor in a page."""

from __future__ import annotations

import json

from starlette.responses import JSONResponse


def json_text(document: object) -> str:
    """Return a document as JSON of ASCII characters only, without `<`, `>` and `&`.

    Any reader of JSON sees the same values, lone surrogates included.
    """
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"), default=str)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


class JsonAnswer(JSONResponse):
    """A JSON document."""

    def render(self, content: object) -> bytes:
        """Return the body."""
        return json_text(content).encode("ascii")


class ProblemAnswer(JsonAnswer):
    """A problem document as RFC 9457 describes it."""

    media_type = "application/problem+json"
