"""Whatever comes from a job is data: it is made harmless before it reaches a terminal.

A terminal obeys control characters, so a job's error message could clear the screen, change the
window's title or hide text; bidirectional marks could show it in another order.
"""

from __future__ import annotations

from rich.text import Text

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    r"""Return `text` with every character that is not printable as a visible escape like `\x1b`.

    Covers control, formatting and bidirectional characters, line ends, lone surrogates and every
    space other than U+0020.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _visible(character) for character in text
    )


def escape_lines(text: str) -> list[str]:
    """Return the lines of a longer text, each escaped; tabs become spaces."""
    return [escape(line.expandtabs(4)) for line in text.removesuffix("\n").split("\n")]


def fit(text: str, width: int) -> str:
    """Return `text` escaped, and with an ellipsis at its end when it is longer than `width`."""
    # Escapes only make a text longer, so no more than `width + 1` characters can matter.
    shown = escape(text[: width + 1])
    return shown if len(shown) <= width else f"{shown[: max(0, width - 1)]}…"


def safe(text: str, style: str = "") -> Text:
    """Return `text` escaped for rich, which will not look for markup in it."""
    return Text(escape(text), style=style, end="")


def encodable(text: str, encoding: str | None) -> str:
    """Return `text` with what `encoding` lacks as visible escapes; None stands for UTF-8."""
    name = encoding or "utf-8"
    return text.encode(name, "backslashreplace").decode(name)


def _visible(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if character.isascii():
        return f"\\x{ord(character):02x}"
    return character.encode("ascii", "backslashreplace").decode()
