"""Fifty texts that would do something wherever a text is taken for more than a text.

They try to act as markup, scripts, styles, templates, terminal commands, or to be read in another
order than they are written. `hostile()` is what those that run would call.
"""

from __future__ import annotations

import json
import unicodedata

TEXTS: tuple[str, ...] = (
    # Markup and scripts.
    "<script>hostile()</script>",
    "</script><script>hostile()</script>",
    "<img src=x onerror=hostile()>",
    "<svg onload=hostile()></svg>",
    "<svg><script>hostile()</script></svg>",
    "<iframe srcdoc='<script>parent.hostile()</script>'></iframe>",
    "<body onload=hostile()>",
    "<details open ontoggle=hostile()>",
    "<input autofocus onfocus=hostile()>",
    "<a href='javascript:hostile()'>press</a>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=hostile()>",
    "<base href='https://hostile.example/'>",
    "<meta http-equiv=refresh content='0;url=https://hostile.example/'>",
    "<link rel=stylesheet href=https://hostile.example/a.css>",
    "<form action=https://hostile.example/><button>Sign in</button></form>",
    "<plaintext>",
    "<!-- --><img src=x onerror=hostile()>",
    "--><img src=x onerror=hostile()><!--",
    "]]><script>hostile()</script>",
    "<ScRiPt/x>hostile()</sCrIpT>",
    "&lt;script&gt;hostile()&lt;/script&gt; &amp; &#60;b&#62;",
    # Attributes, addresses, styles, templates.
    '" onmouseover="hostile()" x="',
    "' onfocus='hostile()' autofocus='",
    "` onclick=hostile() `",
    "javascript:hostile()",
    "data:text/html,<script>hostile()</script>",
    "//hostile.example/a.js",
    "#/jobs?status=failed",
    "../../etc/passwd",
    "red; background: url(https://hostile.example/a.png)",
    "</style><style>*{display:none}</style>",
    "{{constructor.constructor('hostile()')()}} ${hostile()} <%= hostile() %>",
    "__proto__",
    "toString",
    '{"a": 1}, "b": [',
    '\\"); hostile(); //',
    "'; DROP TABLE jobs; --",
    # What terminals obey.
    "\x1b[2J\x1b[H\x1b[31mred",
    "\x1b]0;another title\x07",
    "\x1b]8;;https://hostile.example/\x1b\\press\x1b]8;;\x1b\\",
    "\x9b31mred\x9d0;title\x9c",
    "one\rtwo\bthree\x7f",
    "line one\nline two\ttab",
    "\x01\x02\x03\x04\x05\x06\x0e\x0f\x1a\x1c",
    # Characters that turn, hide or pretend.
    "invoice\u202egpj.exe",
    "\u2066one\u2069\u2067two\u2069\u200f",
    "pay\u200bpal\u200d\u2060\ufeff\u00ad",
    "שלום עולם مرحبا بالعالم",
    "\\ud800 \\u0000 %00 \\x1b[31m &#0;",
    "wide "
    + "Z\u0351\u036f\u0323" * 40
    + " \U0001d518\U0001d52b\U0001d526 \U0001f469\u200d\U0001f467 "
    + "x" * 400,
)
NAMES: tuple[str, ...] = tuple(text for text in TEXTS if text.isprintable() and len(text) <= 255)
"""Those that may name a workflow or a step."""

_ESCAPES = {"Cc", "Cf", "Cs", "Co", "Cn"}
_UNSEEN = "\u2028\u2029\u115f\u1160\u3164\uffa0"


def visible(text: str) -> str:
    """Return a text as the dashboard writes it: what cannot be seen by its number."""
    return "".join(_mark(one) if _is_unseen(one) else one for one in text)


def visible_json(text: str) -> str:
    """Return a text as the dashboard writes it where it shows JSON."""
    return visible(json.dumps(text, ensure_ascii=False))


def _is_unseen(character: str) -> bool:
    if character in "\n\t":
        return False
    return unicodedata.category(character) in _ESCAPES or character in _UNSEEN


def _mark(character: str) -> str:
    return f"\u2039U+{ord(character):04X}\u203a"
