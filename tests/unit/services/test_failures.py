"""Failures of calls have names, by which definitions retry and catch them."""

from __future__ import annotations

import pytest

from ergate.errors import ErgateError, StepTimeout
from ergate.services import failures
from ergate.services.failures import (
    KNOWN,
    LASTING,
    BadData,
    ServiceError,
    ServiceFailure,
    ServiceMoved,
    ServiceRefused,
    ServiceTimeout,
    is_lasting,
    names_of,
)


def test_every_known_name_is_that_of_a_class() -> None:
    classes = {kind.__name__ for kind in ServiceFailure.__subclasses__()}
    assert classes == set(KNOWN)


def test_the_lasting_ones_are_those_that_say_so() -> None:
    assert {name for name in KNOWN if getattr(failures, name).is_lasting} == set(LASTING)


def test_a_failure_is_known_by_its_class() -> None:
    assert names_of(ServiceTimeout("too late")) == ("ServiceTimeout",)


def test_an_error_that_a_service_named_is_known_by_both_names() -> None:
    assert names_of(ServiceError("no", name="CardDeclined")) == ("CardDeclined", "ServiceError")
    assert names_of(ServiceError("no")) == ("ServiceError",)


def test_a_time_out_of_the_engine_is_a_time_out_of_the_service() -> None:
    assert names_of(StepTimeout()) == ("ServiceTimeout",)


def test_any_other_error_is_known_by_its_class() -> None:
    assert names_of(KeyError("x")) == ("KeyError",)


def test_only_bad_data_and_refused_addresses_last() -> None:
    assert is_lasting(BadData("x"))
    assert not is_lasting(ServiceTimeout("x"))
    assert not is_lasting(ErgateError("x"))


@pytest.mark.parametrize(
    ("error", "is_worth_it"),
    [
        (ServiceTimeout("x"), True),
        (ServiceError("x", status=500), True),
        (ServiceError("x", status=501), False),
        (ServiceRefused("x", status=404), False),
        (ServiceRefused("x", status=409), True),
        (ServiceMoved("x", status=302), False),
        (BadData("x"), False),
    ],
    ids=lambda value: value.names[0] if isinstance(value, ServiceFailure) else value,
)
def test_who_retries_everything_retries_what_may_pass(
    error: ServiceFailure, *, is_worth_it: bool
) -> None:
    assert error.is_worth_a_retry is is_worth_it
