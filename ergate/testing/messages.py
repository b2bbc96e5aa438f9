"""The suite of foreign messages: jobs and nonsense published by programs that do not know Ergate.

class TestMyQueue(MessagesSuite):
    @pytest.fixture
    def addresses(self, tmp_path):
        return Addresses(queue="mine://localhost", state_store=f"sqlite:///{tmp_path / 'jobs.db'}")

    @pytest.fixture
    def publish(self):
        return publish_with_the_plain_client
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ergate.jobs.status import JobStatus
from ergate.testing.fleet import Fleet, eventually
from ergate.testing.scene import Addresses, Scene
from ergate.worker.events import WorkerDead, WorkerStarted

Publish = Callable[[Sequence[bytes]], None]

PROCESSES = 2
WRONG_TYPES = (
    b"[1, 2]",
    b'"healthy"',
    b"17",
    b"null",
    b'{"workflow_name": 5}',
    b'{"workflow_name": null}',
    b'{"workflow_name": "healthy", "priority": "high"}',
    b'{"workflow_name": "healthy", "queue": ["a"]}',
    b'{"workflow_name": "healthy", "current_step": "first"}',
    b'{"workflow_name": "healthy", "requested_start_time": "soon"}',
    b'{"workflow": "healthy"}',
    b'{"v": 1, "job": 7}',
)
REASONS = {
    "bytes": "not UTF-8",
    "truncated": "JSON",
    "wrong types": "The message",
    "huge": "The message",
    "unknown": '"later"',
}
"""What the reason of each kind of bad message names."""

_FIXED_APP = """
from ergate import Workflow
from ergate.testing.crash_app import app

later = Workflow("later")

@later.step
def work(n: int) -> int:
    return n + 1

app.register_workflow(later)
"""


class MessagesSuite:
    """What must hold for messages that other programs publish to the queue `default`."""

    good: ClassVar[int] = 1000
    bad: ClassVar[int] = 200
    huge: ClassVar[int] = 4
    """How many of the bad ones are huge: each of them is kept whole."""
    huge_bytes: ClassVar[int] = 3 * 2**20
    copies: ClassVar[int] = 3

    @pytest.fixture
    def addresses(self) -> Addresses:
        """An empty queue with an empty state store beside it."""
        raise NotImplementedError("Provide a fixture `addresses`.")

    @pytest.fixture
    def publish(self) -> Publish:
        """Publish bodies to the queue `default` as they are, with nothing but the plain client.

        It is called while workers run, and may wait until they have made the queue.
        """
        raise NotImplementedError("Provide a fixture `publish`.")

    @pytest.fixture
    def scene(self, addresses: Addresses, tmp_path: Path) -> Iterator[Scene]:
        """The store, and everything that happens to it."""
        with closing(Scene(addresses, tmp_path)) as scene:
            yield scene

    @pytest.mark.timeout(180)
    def test_a_job_that_is_published_several_times_runs_once(
        self, scene: Scene, publish: Publish
    ) -> None:
        bodies = self._jobs(scene) * self.copies
        random.Random(7).shuffle(bodies)
        scene.fleet(processes=PROCESSES, concurrency=4).wait_ready(PROCESSES)
        publish(bodies)
        self._wait_completed(scene)
        scene.check(most_repeats=0)

    @pytest.mark.timeout(240)
    def test_messages_that_nobody_understands_are_kept_with_a_reason_and_stop_nothing(
        self, scene: Scene, publish: Publish, addresses: Addresses
    ) -> None:
        good, bad = self._jobs(scene), self._bad()
        bodies = [*good, *bad]
        random.Random(7).shuffle(bodies)
        fleet = scene.fleet(processes=PROCESSES, concurrency=4)
        fleet.wait_ready(PROCESSES)
        publish(bodies)
        self._wait_completed(scene)
        eventually(
            "each bad message is a dead letter",
            lambda: len(scene.broker.store.dead_letters(len(bodies))) >= len(bad),
            timeout_s=60,
        )
        self._assert_letters(scene, bad)
        self._assert_no_restart(fleet)
        fleet.stop()
        scene.check(most_repeats=0)
        self._put_one_back(scene, addresses)

    # --- what is published ------------------------------------------------------------------------

    def _jobs(self, scene: Scene) -> list[bytes]:
        ids = [f"foreign-{n}" for n in range(self.good)]
        scene.accepted += ids
        return [_job("healthy", n, id=job_id) for n, job_id in enumerate(ids)]

    def _bad(self) -> dict[bytes, str]:
        """Return the bad messages, no two the same, each with its kind."""
        share = (self.bad - self.huge - len(WRONG_TYPES)) // 3
        bad = {b"\xff\xfe\x00 bytes %d" % n: "bytes" for n in range(share)}
        cut = (_job("healthy", 1, id=f"cut-{n}")[: -1 - n % 20] for n in range(share))
        bad |= dict.fromkeys(cut, "truncated")
        bad |= dict.fromkeys(WRONG_TYPES, "wrong types")
        bad |= {_job("later", n): "unknown" for n in range(self.bad - self.huge - len(bad))}
        bad |= {_job("healthy", "x" * (self.huge_bytes + n)): "huge" for n in range(self.huge)}
        assert len(bad) == self.bad
        return bad

    # --- what must be true afterwards -------------------------------------------------------------

    def _wait_completed(self, scene: Scene) -> None:
        lacking = set(scene.accepted)

        def all_are_there() -> bool:
            for job_id in list(lacking):
                if scene.broker.store.get(job_id) is None:
                    return False
                lacking.discard(job_id)
            return True

        eventually("every message has become a job", all_are_there, timeout_s=60)
        ended = scene.wait_ended(timeout_s=120)
        assert {job.status for job in ended} == {JobStatus.COMPLETED}
        assert [job.last_return_value for job in ended] == [str(n) for n in range(self.good)]

    def _assert_letters(self, scene: Scene, bad: dict[bytes, str]) -> None:
        letters = scene.broker.store.dead_letters(self.good + self.bad)
        assert Counter(letter.body for letter in letters) == Counter(list(bad))
        unclear = [one for one in letters if REASONS[bad[one.body]] not in one.reason]
        assert [(bad[one.body], one.reason) for one in unclear] == []
        assert {letter.queue for letter in letters} == {"default"}

    def _assert_no_restart(self, fleet: Fleet) -> None:
        assert [event["pid"] for event in fleet.events(WorkerDead)] == []
        assert len(fleet.events(WorkerStarted)) == PROCESSES

    def _put_one_back(self, scene: Scene, addresses: Addresses) -> None:
        """The next release knows the workflow that this one did not."""
        fixed = scene.directory / "fixed.py"
        fixed.write_text(_FIXED_APP)
        letters = _ergate(scene, addresses, "queues", "dead", "list", "--limit", "1000")
        assert len(letters) == self.bad
        letter = next(one for one in letters if '"later"' in one["reason"])
        order = ("queues", "dead", "requeue", letter["id"], "--app", f"{fixed}:app")
        (done,) = _ergate(scene, addresses, *order)["requeued"]
        scene.fleet(f"{fixed}:app")
        (job,) = scene.wait_ended(done["job"])
        n = json.loads(letter["body"])["initial_input_value"]
        assert (job.status, job.last_return_value) == (JobStatus.COMPLETED, str(n + 1))
        assert len(scene.broker.store.dead_letters(self.bad)) == self.bad - 1


def _job(workflow: str, value: object, **fields: object) -> bytes:
    job = {**fields, "workflow_name": workflow, "initial_input_value": value}
    return json.dumps(job).encode()


def _ergate(scene: Scene, addresses: Addresses, *words: str) -> Any:
    """Run a command as a person would; return the document that it prints."""
    variables = {f"ERGATE_{name.upper()}": str(value) for name, value in addresses.flags.items()}
    done = subprocess.run(
        [sys.executable, "-c", "from ergate.cli.main import main; main()", *words, "--json"],
        cwd=scene.directory,
        env=os.environ | variables | {"CRASH_DIR": str(scene.directory)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
