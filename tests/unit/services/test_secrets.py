"""A secret that a service sends back is not shown, however it is spelt."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote_plus

import pytest

from ergate.services.secrets import masked

SECRET = 'pa"ss w\\rd/é+1'


@pytest.mark.parametrize(
    "spelt",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps({"got": SECRET}, ensure_ascii=False),
        quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        repr(SECRET),
        f"Authorization: Bearer {SECRET}",
    ],
)
def test_a_secret_is_masked_in_every_spelling(spelt: str) -> None:
    shown = masked(f"bad request: {spelt} was sent", [SECRET])
    assert "***" in shown
    assert "ss w" not in shown
    assert "was sent" in shown


def test_the_longer_of_two_secrets_is_masked_first() -> None:
    assert masked("token abcdef", ["abc", "abcdef"]) == "token ***"


def test_passwords_of_urls_are_masked_too() -> None:
    assert masked("cannot reach redis://:pw@cache/0", []) == "cannot reach redis://:***@cache/0"


def test_an_empty_secret_masks_nothing() -> None:
    assert masked("all is well", [""]) == "all is well"
