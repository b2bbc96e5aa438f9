"""A worker that begins during an outage waits for the server's return."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ergate.errors import BackendUnavailable
from ergate.worker.__main__ import open_patiently
from ergate.worker.events import Event, Trouble
from ergate.worker.stopping import Stopping


def away(times: int) -> Callable[[], str]:
    answers = iter([BackendUnavailable("the server is away")] * times)

    def open_() -> str:
        for error in answers:
            raise error
        return "a broker"

    return open_


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergate.worker.__main__.time.sleep", lambda _seconds: None)


def test_a_worker_tries_again_until_the_server_is_back_and_says_so_once() -> None:
    told: list[Event] = []
    assert open_patiently(away(3), "w", told.append, Stopping()) == "a broker"
    (trouble,) = [event for event in told if isinstance(event, Trouble)]
    assert "the server is away" in trouble.what


def test_a_worker_that_is_to_stop_waits_no_longer() -> None:
    stopping = Stopping()
    stopping.ask("its supervisor is gone")
    with pytest.raises(BackendUnavailable):
        open_patiently(away(1), "w", lambda _event: None, stopping)
