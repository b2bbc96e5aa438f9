"""A process notices that it was frozen, and tells that from hard work."""

from __future__ import annotations

import pytest

from ergate.testing import FakeClock
from ergate.worker import freeze as freeze_module
from ergate.worker.freeze import Freeze


class FakeTime:
    """Stands in for the module `time`: the test's clock, and a processor that it may use."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.used_s = 0.0
        self.monotonic = self.clock.monotonic

    def process_time(self) -> float:
        return self.used_s

    def pass_(self, idle_s: float = 0.0, busy_s: float = 0.0) -> None:
        self.clock.advance(idle_s + busy_s)
        self.used_s += busy_s


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    time = FakeTime()
    monkeypatch.setattr(freeze_module, "time", time)
    return time


def test_a_process_that_turns_regularly_was_not_frozen(time: FakeTime) -> None:
    freeze = Freeze(lease_s=30, heartbeat_s=6)
    seen = []
    for _ in range(20):
        seen.append(freeze.is_over())
        time.pass_(idle_s=14)
    assert seen == [True] * 20


def test_what_comes_before_the_first_turn_is_no_freeze(time: FakeTime) -> None:
    """An app may take long to start."""
    freeze = Freeze(lease_s=30, heartbeat_s=6)
    time.pass_(idle_s=300)
    assert freeze.is_over()


def test_a_freeze_is_over_when_the_lease_had_the_time_to_be_renewed(time: FakeTime) -> None:
    freeze = Freeze(lease_s=30, heartbeat_s=6)
    freeze.is_over()
    time.pass_(idle_s=16)
    seen = [freeze.is_over()]
    for _ in range(4):
        time.pass_(idle_s=2)
        seen.append(freeze.is_over())
    assert seen == [False, False, False, True, True]


def test_a_step_that_keeps_all_others_waiting_by_hard_work_is_no_freeze(time: FakeTime) -> None:
    freeze = Freeze(lease_s=30, heartbeat_s=6)
    freeze.is_over()
    time.pass_(idle_s=50, busy_s=10)
    assert freeze.is_over()
