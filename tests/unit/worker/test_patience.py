"""To try again while a server is away."""

from __future__ import annotations

import pytest

from ergate.errors import BackendUnavailable
from ergate.worker import patience
from ergate.worker.events import Event, Trouble
from ergate.worker.patience import Patience
from ergate.worker.stopping import Stopping


class Server:
    """Is away for so many calls."""

    def __init__(self, away: int) -> None:
        self.away = away

    def ask(self) -> str:
        self.away -= 1
        if self.away >= 0:
            raise BackendUnavailable("It is away.")
        return "answer"


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PAUSE_FIRST_S", 0.001)
    monkeypatch.setattr(patience, "LAST_TRIES_S", 0.01)


def test_it_asks_until_it_is_answered_and_tells_once_of_the_outage(told: list[Event]) -> None:
    server = Server(away=4)
    assert Patience("w", told.append, Stopping()).until_answered(server.ask) == "answer"
    assert [event.is_over for event in told if isinstance(event, Trouble)] == [False, True]


def test_what_is_answered_at_once_is_no_trouble(told: list[Event]) -> None:
    assert Patience("w", told.append, Stopping()).until_answered(Server(0).ask) == "answer"
    assert told == []


def test_once_a_stop_was_asked_for_it_gives_up_soon(told: list[Event]) -> None:
    stopping = Stopping()
    stopping.ask("SIGTERM")
    with pytest.raises(BackendUnavailable):
        Patience("w", told.append, stopping).until_answered(Server(10**9).ask)


def test_other_errors_are_not_tried_again(told: list[Event]) -> None:
    def broken() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        Patience("w", told.append, Stopping()).until_answered(broken)
    assert told == []
