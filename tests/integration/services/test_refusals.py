"""A service that says no, or that points elsewhere, is understood."""

from __future__ import annotations

import pytest

from ergate.services.calling import Caller
from ergate.services.failures import (
    AddressRefused,
    ServiceError,
    ServiceFailure,
    ServiceMoved,
    ServiceRefused,
    ServiceTimeout,
    ServiceUnavailable,
)
from tests.integration.services.conftest import MakeService
from tests.integration.services.misbehaviour import (
    CALL,
    DATA,
    failure_at,
    failure_of,
    hang,
    hasty,
    replies,
    sends,
)
from tests.integration.services.peers import serving

# --- it says no -----------------------------------------------------------------------------------

STATUSES: dict[str, type[ServiceFailure]] = {
    "400 Bad Request": ServiceRefused,
    "401 Unauthorized": ServiceRefused,
    "404 Not Found": ServiceRefused,
    "408 Request Timeout": ServiceTimeout,
    "409 Conflict": ServiceRefused,
    "429 Too Many Requests": ServiceUnavailable,
    "451 Unavailable For Legal Reasons": ServiceRefused,
    "500 Internal Server Error": ServiceError,
    "501 Not Implemented": ServiceError,
    "502 Bad Gateway": ServiceUnavailable,
    "503 Service Unavailable": ServiceUnavailable,
    "504 Gateway Timeout": ServiceTimeout,
}


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_a_failure_with_a_name(status: str, caller: Caller, upper: MakeService) -> None:
    failure = failure_of(caller, upper, replies({}, status=status))
    assert type(failure) is STATUSES[status]
    assert failure.status == int(status[:3])
    assert f'Service "upper" answered {status}' in str(failure)


def test_the_words_for_a_status_are_not_the_services_own(
    caller: Caller, upper: MakeService
) -> None:
    failure = failure_of(caller, upper, replies({}, status="400 \x1b]0;owned\x07"))
    assert "owned" not in str(failure)


@pytest.mark.parametrize(
    "error",
    [
        {"error": "CardDeclined", "message": "no money"},
        {"error": {"name": "CardDeclined", "message": "no money"}},
    ],
    ids=["flat", "nested"],
)
@pytest.mark.parametrize("status", ["402 Payment Required", "500 Internal Server Error"])
def test_an_error_that_the_service_declares_has_its_own_name(
    error: object, status: str, caller: Caller, upper: MakeService
) -> None:
    with serving(replies(error, status=status)) as peer, pytest.raises(ServiceFailure) as failed:
        caller.call(upper(peer.url, errors=["CardDeclined"]), DATA, CALL)
    assert failed.value.names[0] == "CardDeclined"
    assert str(failed.value) == f'Service "upper" answered {status}: no money.'


def test_an_error_that_the_service_does_not_declare_has_not(
    caller: Caller, upper: MakeService
) -> None:
    failure = failure_of(caller, upper, replies({"error": "BadReply"}, status="500 Oops"))
    assert failure.names == ("ServiceError",)


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({"retry_after": "30"}, 30.0),
        ({"retry_after": "999999999"}, 86400.0),
        (
            {
                "retry_after": "Wed, 21 Oct 2015 07:28:30 GMT",
                "date": "Wed, 21 Oct 2015 07:28:00 GMT",
            },
            30.0,
        ),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-1"}, None),
        ({}, None),
    ],
    ids=range(6),
)
def test_a_service_may_ask_to_be_left_alone_for_a_while(
    headers: dict[str, str], expected_s: float | None, caller: Caller, upper: MakeService
) -> None:
    failure = failure_of(caller, upper, replies({}, status="503 Busy", **headers))
    assert failure.retry_after_s == expected_s


def test_a_long_refusal_is_shown_in_short(caller: Caller, upper: MakeService) -> None:
    text = "no " * 100_000
    failure = failure_of(caller, upper, replies({"error": text}, status="400 Bad Request"))
    assert isinstance(failure, ServiceRefused)
    assert len(str(failure)) < 300


def test_a_refusal_that_never_ends_is_still_a_refusal(upper: MakeService) -> None:
    """The status tells enough; the rest of the answer is not waited for longer than the call."""
    handle = sends(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 99\r\n\r\n{", then=hang)
    with hasty() as caller:
        failure = failure_of(caller, upper, handle)
    assert isinstance(failure, ServiceRefused)


# --- it points elsewhere --------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 T", "308 P"])
def test_a_redirect_is_an_error_that_names_the_target(
    status: str, caller: Caller, upper: MakeService
) -> None:
    target = "http://169.254.169.254/latest/meta-data/"
    with serving(replies({"message": "x"}, status=status, location=target)) as peer:
        failure = failure_at(caller, upper, peer.url)
    assert isinstance(failure, ServiceMoved)
    assert f'points to "{target}". Redirects are not followed' in str(failure)
    assert not failure.is_worth_a_retry
    assert len(peer.requests) == 1


def test_a_redirect_to_itself_is_not_followed_either(caller: Caller, upper: MakeService) -> None:
    with serving(replies({}, status="307 Again", location="/")) as peer:
        assert isinstance(failure_at(caller, upper, peer.url), ServiceMoved)
    assert len(peer.requests) == 1


def test_the_target_of_a_redirect_is_shown_short_and_without_secrets(
    caller: Caller, upper: MakeService
) -> None:
    target = "https://ann:canary@h/?token=canary&" + "x" * 5000
    failure = failure_of(caller, upper, replies({}, status="302 Found", location=target))
    assert "canary" not in str(failure)


def test_an_address_that_is_none_is_not_called(caller: Caller, upper: MakeService) -> None:
    """Such as one that an older version let through."""
    service = upper("http://upper.test/").model_copy(update={"address": "http://0x7f.1/"})
    with pytest.raises(AddressRefused, match='"upper" is not called: its address has the host'):
        caller.call(service, DATA, CALL)
