"""A ticket travels as a small JSON object, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.jobs.ticket import Ticket

BODY: dict[str, Any] = {"v": 1, "job": "a", "revision": 3, "queue": "mail"}


@given(job_id=st.text(), revision=st.integers(min_value=0, max_value=2**63 - 1), queue=st.text())
def test_a_ticket_comes_back_from_its_bytes(job_id: str, revision: int, queue: str) -> None:
    ticket = Ticket(job_id, revision, queue)
    assert Ticket.from_object(json.loads(ticket.to_bytes())) == ticket


def test_a_revision_that_no_store_can_count_to_is_no_ticket() -> None:
    assert Ticket.from_object(BODY | {"revision": 2**63}) is None
    assert Ticket.from_object(BODY | {"revision": -1}) is None


def test_a_ticket_is_small() -> None:
    assert Ticket("a", 3, "mail").to_bytes() == json.dumps(BODY, separators=(",", ":")).encode()


def test_unknown_fields_are_left_alone() -> None:
    assert Ticket.from_object({**BODY, "later": True}) == Ticket("a", 3, "mail")


@pytest.mark.parametrize("field", list(BODY))
@pytest.mark.parametrize("value", [None, 1.5, [], {}, "x" * 0 or 0.0])
def test_a_field_of_another_type_is_no_ticket(field: str, value: object) -> None:
    assert Ticket.from_object({**BODY, field: value}) is None


@pytest.mark.parametrize("field", list(BODY))
def test_a_missing_field_is_no_ticket(field: str) -> None:
    assert Ticket.from_object({k: v for k, v in BODY.items() if k != field}) is None


def test_another_version_is_no_ticket() -> None:
    assert Ticket.from_object({**BODY, "v": 2}) is None


def test_an_envelope_of_a_job_is_no_ticket() -> None:
    assert Ticket.from_object({"workflow_name": "w", "initial_input_value": 1}) is None


def test_a_truth_value_is_no_revision() -> None:
    assert Ticket.from_object({**BODY, "revision": True}) is None
