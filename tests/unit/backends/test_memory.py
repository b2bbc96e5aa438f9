"""What only the memory backend promises."""

from __future__ import annotations

import pytest

from ergate.contracts.address import Address
from ergate.contracts.backend import Backend
from ergate.contracts.capabilities import Level
from ergate.errors import CorruptRecord
from ergate.jobs.events import Claim, Completed, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.transitions import apply, history_of
from ergate.testing import FakeClock
from ergate_backends.memory.ledger import Ledger
from ergate_backends.memory.plugin import ergate_register_backends
from ergate_backends.memory.store import MemoryStore

NEW = JobRecord(id="a", workflow_name="w")


@pytest.fixture
def backend() -> Backend:
    found: list[Backend] = []
    ergate_register_backends(found.append)
    (only,) = found
    return only


def test_it_says_that_it_lives_in_one_process_and_survives_nothing(backend: Backend) -> None:
    assert (backend.name, backend.single_process, backend.level) == ("memory", True, "L0")
    assert MemoryStore(FakeClock()).level is Level.L0


def test_each_open_gives_a_store_of_its_own(backend: Backend) -> None:
    assert backend.open_store is not None
    address = Address.parse("memory://same")
    first, second = (backend.open_store(address, FakeClock()) for _ in range(2))
    first.submit([NEW])
    assert second.get(NEW.id) is None


def test_the_ledger_refuses_a_second_outcome_of_a_step_even_if_a_guard_is_lost() -> None:
    held = apply(NEW, Claim("w", 1), 0.0)
    assert isinstance(held, JobRecord)
    event = Settlement("a", "w", held.revision, Completed(result="1"))
    after = apply(held, event, 0.0)
    assert isinstance(after, JobRecord)
    row = history_of(held, event, after)
    assert row is not None
    ledger = Ledger()
    ledger.append(row)
    with pytest.raises(CorruptRecord, match="transition 3"):
        ledger.append(row)
