"""A credential is known by its name, and its secret is seen only by the hosts that it is for."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from ergate.errors import SettingsError
from ergate.services.credentials import Credentials

CANARY = "canary-7f3a"
BEARER = {"type": "bearer", "token": CANARY, "hosts": ["api.example.com"]}


def read(table: object, environ: dict[str, str] | None = None) -> Credentials:
    return Credentials.read({"crm": table}, environ or {})


def header_of(table: object, environ: dict[str, str] | None = None) -> tuple[str, str]:
    credential = read(table, environ).find("crm")
    return credential.header, credential.value


def test_a_bearer_token_goes_into_authorization() -> None:
    assert header_of(BEARER) == ("Authorization", f"Bearer {CANARY}")


def test_a_user_and_a_password_go_into_authorization() -> None:
    table = {"type": "basic", "user": "ann", "password": CANARY, "hosts": ["*"]}
    encoded = base64.b64encode(f"ann:{CANARY}".encode()).decode()
    assert header_of(table) == ("Authorization", f"Basic {encoded}")


def test_a_key_goes_into_the_header_that_is_named() -> None:
    table = {"type": "header", "header": "X-Api-Key", "value": CANARY, "hosts": ["*"]}
    assert header_of(table) == ("X-Api-Key", CANARY)


def test_a_secret_is_read_from_the_environment() -> None:
    table = {"type": "bearer", "token_env": "CRM", "hosts": ["*"]}
    assert header_of(table, {"CRM": CANARY}) == ("Authorization", f"Bearer {CANARY}")


def test_a_secret_is_read_from_a_file_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "crm").write_text(f"{CANARY}\n")
    table = {"type": "bearer", "token_file": str(tmp_path / "crm"), "hosts": ["*"]}
    assert header_of(table) == ("Authorization", f"Bearer {CANARY}")


@pytest.mark.parametrize(
    ("hosts", "host", "may_see_it"),
    [
        (["api.example.com"], "api.example.com", True),
        (["API.example.com."], "api.example.com", True),
        (["api.example.com"], "evil.example.com", False),
        (["api.example.com"], "x.api.example.com", False),
        (["*.example.com"], "api.example.com", True),
        (["*.example.com"], "example.com", False),
        (["*"], "anything.example", True),
        (["10.0.0.7", "[::1]"], "::1", True),
    ],
)
def test_only_its_hosts_may_see_it(hosts: list[str], host: str, *, may_see_it: bool) -> None:
    assert read({**BEARER, "hosts": hosts}).find("crm").may_go_to(host) is may_see_it


def test_neither_a_collection_nor_a_credential_shows_its_secret() -> None:
    credentials = read(BEARER)
    shown = f"{credentials!r} {credentials} {credentials.find('crm')!r} {list(credentials)}"
    assert CANARY not in shown
    assert "crm" in shown


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    expected = re.escape('no credential "crn". Known: crm. Did you mean "crm"?')
    with pytest.raises(SettingsError, match=expected):
        read(BEARER).find("crn")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (CANARY, "must be a table"),
        ({"hosts": ["*"], "token": CANARY}, "needs a type, one of: bearer, basic, header"),
        ({**BEARER, "type": "oauth"}, "needs a type, one of"),
        ({**BEARER, "tokn_env": CANARY}, 'unknown key "tokn_env". Did you mean "token_env"?'),
        ({**BEARER, "token_env": "CRM"}, "exactly one of: token, token_env, token_file"),
        ({"type": "bearer", "hosts": ["*"]}, "exactly one of: token, token_env, token_file"),
        ({"type": "bearer", "token": "", "hosts": ["*"]}, "no header can carry"),
        ({**BEARER, "token": f"{CANARY}\r\nX-Evil: 1"}, "no header can carry"),
        ({**BEARER, "token": f" {CANARY}"}, "no header can carry"),
        ({**BEARER, "token": f"{CANARY}\u00e9"}, "no header can carry"),
        ({**BEARER, "token": 7}, "must have a text as token"),
        ({"type": "bearer", "token": CANARY}, "needs hosts"),
        ({**BEARER, "hosts": "*"}, "needs hosts"),
        ({**BEARER, "hosts": ["https://h/"]}, 'the entry "https://h/" among its hosts'),
        ({"type": "bearer", "token_env": "CRM", "hosts": ["*"]}, "CRM, which is not set"),
        ({"type": "bearer", "token_file": "/nowhere/x", "hosts": ["*"]}, "cannot be read"),
        (
            {"type": "basic", "user": "a:b", "password": CANARY, "hosts": ["*"]},
            "a colon in its user",
        ),
        (
            {"type": "header", "header": "Host", "value": CANARY, "hosts": ["*"]},
            "which every call sets itself",
        ),
        (
            {"type": "header", "header": "X Key", "value": CANARY, "hosts": ["*"]},
            "no name of a header",
        ),
    ],
    ids=range(19),
)
def test_a_table_that_cannot_be_is_refused_without_its_secret(table: object, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(table)
    assert 'The credential "crm" of the settings' in str(refused.value)
    assert message in str(refused.value)
    assert CANARY not in f"{refused.value!r}"
