"""Notices that a topic was deleted, or deleted and made anew: no client library tells."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException

from ergate_backends.kafka.topics import Topics, id_of

LOOK_EVERY_S = 2.0
FRESH_S = 30.0
"""How long after a topic was made anew the offsets that the group has committed are not believed:
a member that had not noticed may have written those of the old topic."""


class Recreation:
    """Compares the ids of topics from time to time, without waiting for the answer.

    A consumer whose topic is made anew goes on at the old offset: it would pass over everything
    before it, or wait for ever, depending on how quickly it happened.
    """

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._watched: list[str] = []
        self._known: dict[str, str] = {}
        self._asked: Mapping[str, Future[Any]] = {}
        self._next_look = 0.0
        self._fresh: dict[str, float] = {}

    def is_fresh(self, topic: str) -> bool:
        """Whether a topic was made anew a moment ago, and is to be read from its beginning."""
        return time.monotonic() < self._fresh.get(topic, 0.0)

    def watch(self, topics: Iterable[str]) -> None:
        """Watch these topics from now on."""
        self._watched = sorted(topics)
        self._known = {}
        self._asked = {}
        self._next_look = 0.0

    def look_soon(self) -> None:
        """Look at the next opportunity."""
        self._next_look = 0.0

    def happened(self) -> bool:
        """Whether a topic is gone or another one than it was; asks when it is time to."""
        if self._asked and all(done.done() for done in self._asked.values()):
            answers, self._asked = self._asked, {}
            return self._is_news(answers)
        if not self._asked and self._watched and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_EVERY_S
            self._asked = self._topics.ask_ids(self._watched)
        return False

    def _is_news(self, answers: Mapping[str, Future[Any]]) -> bool:
        try:
            now = {topic: id_of(done) for topic, done in answers.items()}
        except KafkaException:  # the cluster is away: there is another opportunity
            return False
        differ = [topic for topic, known in now.items() if self._differs(topic, known)]
        self._fresh |= dict.fromkeys(differ, time.monotonic() + FRESH_S)
        return bool(differ)

    def _differs(self, topic: str, now: str | None) -> bool:
        return now is None or self._known.setdefault(topic, now) != now
