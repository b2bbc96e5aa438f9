"""Jobs that an app hands in are found by the workers that the app runs, wherever they are kept."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from ergate import Ergate, Job, JobStatus, Workflow
from ergate.brokers.broker import Broker
from ergate.brokers.relayed import RelayedBroker
from ergate.contracts.state_store import JobFilter
from ergate.jobs.events import RecoveryPolicy
from ergate.jobs.record import JobRecord
from ergate.running import run_app
from ergate.settings import Settings
from ergate.testing.fleet import eventually


def parent_and_child(app: Ergate[Job]) -> None:
    parent, child = Workflow(unique_name="parent"), Workflow(unique_name="child")

    @parent.step
    def hand_in() -> str:
        return str(app.enqueue("child", 20).id)

    @child.step
    def double(n: int) -> int:
        return n * 2

    app.register_workflow(parent)
    app.register_workflow(child)


def test_what_is_handed_in_to_memory_is_run_and_can_be_asked_for() -> None:
    app = Ergate("memory")
    parent_and_child(app)
    job = app.enqueue("child", 21)
    app.run(burst=True)
    assert app.get_job(job.id).last_return_value == 42


def test_a_run_before_the_first_job_shares_the_memory_too() -> None:
    app = Ergate("memory")
    parent_and_child(app)
    app.run(burst=True)
    job = app.enqueue("child", 21)
    app.run(burst=True)
    assert app.get_job(job.id).status is JobStatus.COMPLETED


def test_closing_the_app_ends_what_was_kept_in_memory() -> None:
    app = Ergate("memory")
    parent_and_child(app)
    app.enqueue("child", 21)
    app.close()
    assert _jobs(app, "memory") == []
    app.close()


def test_a_step_hands_in_jobs_where_its_own_came_from(work_dir: Path) -> None:
    """The run's settings decide, not those that the app would read from its surroundings."""
    app = Ergate()
    parent_and_child(app)
    here = f"sqlite:///{work_dir}/here.db"
    broker = app.open_broker(Settings(state_store=here))
    app.enqueue("parent")
    app.close()
    broker.close()
    run_app(app, Settings(state_store=here, burst=True), target=None)
    counts = {job.workflow_name: job.status for job in _jobs(app, here)}
    app.close()
    assert counts == dict.fromkeys(("parent", "child"), JobStatus.COMPLETED)
    assert not (work_dir / ".ergate").exists()


def _jobs(app: Ergate[Job], address: str) -> list[JobRecord]:
    broker = app.open_broker(Settings(state_store=address))
    assert isinstance(broker, Broker)
    try:
        return list(broker.store.list(JobFilter()))
    finally:
        broker.close()


def test_a_queue_that_lost_a_ticket_is_told_again_after_the_time_that_settings_say(
    tmp_path: Path,
) -> None:
    app = Ergate("memory", f"sqlite:///{tmp_path / 'jobs.db'}")
    broker = app.open_broker(app.settings({"republish_s": 0.05}))
    assert isinstance(broker, RelayedBroker)
    with closing(broker):
        broker.submit([JobRecord(id="a", workflow_name="w")])
        assert broker.queue.purge("default") == 1

        def is_there_again() -> bool:
            broker.sweep(RecoveryPolicy(max_deliveries=3), ["default"])
            return broker.queue.depth("default") == 1

        eventually("the ticket is in the queue again", is_there_again, 10)
