"""Takes secrets out of addresses and of any text that quotes one.

When a text can be read in two ways the one that hides more is taken: a host that is masked
needlessly costs a look at the settings, a password that is shown costs a new password.
"""

from __future__ import annotations

import re
import string
from urllib.parse import unquote

MASK = "***"

_HOST = r"(?:\[[\w:.%]*\]|[\w.%-]*)(?::\d+)?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*")
# A quoted or bracketed URL in a sentence leaves closing marks behind.
_CLOSING = "\"'`)>,.:;!]}"
# Anchored at "://", as a pattern that begins with the scheme takes quadratic time on long words.
_URL = re.compile(r"://\S*")
_LONGEST_SCHEME = 32
_SCHEME_CHARACTERS = string.ascii_letters + string.digits + "+.-"
_QUOTES = frozenset("\"'`")
_SECRET_NAME = re.compile(
    r"pass|pwd|secret|token|credential|auth|signature|jaas|^key|key$", re.IGNORECASE
)
# `password=x` as in a libpq connection string, and `"password": "x"` as in JSON or a repr.
_PAIR = re.compile(
    r"(?P<name>password|passwd|passphrase|pwd|secret|token|api_?key)"
    r"(?P<sign>\s*=\s*|[\"']\s*:\s*)"
    # An open quote counts to the end: nothing is shown, and no character is read twice.
    r"(?P<value>\"(?:[^\"\\]|\\.)*(?:\"|\\?\Z)|'(?:[^'\\]|\\.)*(?:'|\\?\Z)|[^\s&,;\"']\S*)",
    re.IGNORECASE | re.DOTALL,
)
# Where the next host's credentials begin in `:pw@h1:1,:pw2@h2:2`.
_INNER_HOST = re.compile(rf"@(?P<host>{_HOST}),(?=[^,@:]*:)")
_USER = re.compile(r"[\w.%+-]*")


def looks_like_hosts(text: str) -> bool:
    """Whether `text` is a comma-separated list of `host`, `host:port` or `[v6]:port`."""
    return _HOSTS.fullmatch(text) is not None


def redact(text: str) -> str:
    """Return a log line or an error message with the secrets of every URL in it masked.

    Also masks `password=…` and `"password": "…"` pairs. A URL ends at white space.
    """
    return _PAIR.sub(_masked_pair, _URL.sub(_masked_match, text))


def redact_url(text: str) -> str:
    """Return one URL with its passwords masked, also those of several hosts and in its query.

    User names stay when a password follows them; a lone user part may be a token and is masked.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        return _PAIR.sub(_masked_pair, _mask_before_at(text))
    end = _credentials_end(rest)
    credentials, remainder = rest[:end], rest[end:]
    base, mark, query = remainder.partition("?")
    if credentials:
        base = _masked_credentials(credentials[:-1]) + "@" + base
    else:
        base = _masked_authority(base)
    return f"{scheme}://{base}{mark}{_masked_query(query)}"


def _mask_before_at(text: str) -> str:
    # Somebody forgot the scheme: `user:pw@host`.
    before, at, after = text.rpartition("@")
    return f"{MASK}@{after}" if at and before else text


def _credentials_end(rest: str) -> int:
    """Return the length of the part of `rest` that may hold credentials, its "@" included."""
    if rest.startswith("/"):
        return 0
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    query = re.search(r"\?(?=[\w.%-]+=)", rest)
    if query is None or not looks_like_hosts(authority.rpartition("@")[2]):
        # Not plainly host and query: a raw "?" may stand within the password.
        return rest.rfind("@") + 1
    return rest.rfind("@", 0, query.start()) + 1


def _masked_credentials(credentials: str) -> str:
    parts: list[str] = []
    start = 0
    for match in _INNER_HOST.finditer(credentials):
        parts.append(f"{_masked_user(credentials[start : match.start()])}@{match['host']},")
        start = match.end()
    return "".join(parts) + _masked_user(credentials[start:])


def _masked_user(userinfo: str) -> str:
    user, colon, _ = userinfo.partition(":")
    return f"{user}:{MASK}" if colon and _USER.fullmatch(user) else MASK


def _masked_authority(base: str) -> str:
    authority, slash, path = base.partition("/")
    if looks_like_hosts(authority.rstrip(_CLOSING)) or looks_like_hosts(authority):
        return base
    return f"{MASK}{slash}{path}"


def _masked_query(query: str) -> str:
    return "&".join(_masked_option(item) for item in query.split("&"))


def _masked_option(item: str) -> str:
    name, equals, value = item.partition("=")
    decoded = unquote(value)
    if equals and (_SECRET_NAME.search(unquote(name)) or ("://" in decoded and "@" in decoded)):
        return f"{name}={MASK}"
    return item


def _masked_match(match: re.Match[str]) -> str:
    url = match[0]
    before = match.string[max(0, match.start() - _LONGEST_SCHEME) : match.start()]
    quote = before.rstrip(_SCHEME_CHARACTERS)[-1:]
    if quote in _QUOTES and quote in url:
        url, _, tail = url.rpartition(quote)
        return f"{redact_url(url)}{quote}{tail}"
    return redact_url(url)


def _masked_pair(match: re.Match[str]) -> str:
    value = match["value"]
    if re.match(r"\*{3}(?:$|[&\"'`)>,.:;!\]}])", value):
        return match[0]  # an option of a URL, which was masked with more knowledge
    quote = value[0] if value[0] in "\"'" else ""
    return f"{match['name']}{match['sign']}{quote}{MASK}{quote}"
