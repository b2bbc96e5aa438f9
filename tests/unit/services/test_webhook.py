"""A receiver can tell a webhook of ours from a forged, changed or old one."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from ergate.errors import SettingsError
from ergate.services.webhook import SigningKey, WebhookRefused, signed_headers, verify

NOW = 1_674_087_231.0
BODY = b'{"status":"completed"}'
KEY = SigningKey.parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
OTHER = SigningKey.generate()


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The worked example that the libraries of Standard Webhooks test themselves with."""
    signature = KEY.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signature_is_an_hmac_over_id_time_and_body() -> None:
    digest = hmac.new(KEY.secret, b"e1.1674087231." + BODY, hashlib.sha256).digest()
    headers = signed_headers([KEY], "e1", BODY, NOW)
    assert headers == {
        "webhook-id": "e1",
        "webhook-timestamp": "1674087231",
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "Idempotency-Key": "e1",
    }


def test_what_was_signed_is_believed() -> None:
    assert verify([KEY], signed_headers([KEY], "e1", BODY, NOW), BODY, NOW + 5) == "e1"


def test_header_names_are_read_in_any_case() -> None:
    headers = {name.title(): value for name, value in signed_headers([KEY], "e", BODY, NOW).items()}
    assert verify([KEY], headers, BODY, NOW) == "e"


def test_while_keys_change_either_is_believed() -> None:
    both = signed_headers([OTHER, KEY], "e1", BODY, NOW)
    assert verify([KEY], both, BODY, NOW) == "e1"
    assert verify([OTHER], both, BODY, NOW) == "e1"
    assert verify([OTHER, KEY], signed_headers([KEY], "e1", BODY, NOW), BODY, NOW) == "e1"


def test_the_key_of_somebody_else_is_not_believed() -> None:
    with pytest.raises(WebhookRefused, match="does not fit"):
        verify([OTHER], signed_headers([KEY], "e1", BODY, NOW), BODY, NOW)


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_an_old_or_early_signature_is_not_believed(seconds: float) -> None:
    with pytest.raises(WebhookRefused, match="300 s are allowed"):
        verify([KEY], signed_headers([KEY], "e1", BODY, NOW), BODY, NOW + seconds)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "e2"),
        ("webhook-timestamp", "1674087232"),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", "v1a,AAAA"),
        ("webhook-signature", "\u00e9\udc80"),
        ("webhook-signature", "v2," + "A" * 44),
    ],
    ids=range(6),
)
def test_a_changed_header_is_not_believed(name: str, value: str) -> None:
    headers = signed_headers([KEY], "e1", BODY, NOW) | {name: value}
    with pytest.raises(WebhookRefused, match="does not fit"):
        verify([KEY], headers, BODY, NOW)


def test_a_changed_body_is_not_believed() -> None:
    headers = signed_headers([KEY], "e1", BODY, NOW)
    with pytest.raises(WebhookRefused, match="does not fit"):
        verify([KEY], headers, BODY + b" ", NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_header_is_not_believed(name: str, value: str | None) -> None:
    headers = signed_headers([KEY], "e1", BODY, NOW)
    del headers[name]
    with pytest.raises(WebhookRefused, match=f"no header {name}"):
        verify([KEY], headers if value is None else headers | {name: value}, BODY, NOW)


@pytest.mark.parametrize("value", ["now", "-1", "1e9", "1674087231.0", "\uff19", "9" * 13])
def test_a_time_that_is_none_is_not_believed(value: str) -> None:
    headers = signed_headers([KEY], "e1", BODY, NOW) | {"webhook-timestamp": value}
    with pytest.raises(WebhookRefused, match="not a number of seconds"):
        verify([KEY], headers, BODY, NOW)


def test_an_id_can_never_be_taken_for_an_id_and_a_time() -> None:
    headers = signed_headers([KEY], "order.1674087231\r\n", BODY, NOW)
    assert headers["webhook-id"] == "order%2E1674087231%0D%0A"
    assert verify([KEY], headers, BODY, NOW) == "order%2E1674087231%0D%0A"


def test_a_key_is_written_and_read() -> None:
    assert SigningKey.parse(OTHER.text) == OTHER
    assert OTHER.text.startswith("whsec_")
    assert len(OTHER.secret) == 32


def test_a_key_shows_nothing_of_itself() -> None:
    assert OTHER.text[6:] not in f"{OTHER!r} {OTHER}"


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "canary!", "whsec_" + "A" * 200])
def test_a_bad_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        SigningKey.parse(text)
    assert "openssl rand -base64 32" in str(refused.value)
    assert "canary" not in str(refused.value)
