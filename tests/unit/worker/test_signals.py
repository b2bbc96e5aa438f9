"""An app hears of the jobs that it knows of."""

from __future__ import annotations

from ergate import Ergate, ErgateSignal, Job, Workflow
from ergate.testing import Harness


def test_an_app_is_told_of_its_own_jobs_and_not_of_ours() -> None:
    told: list[str] = []
    app = Ergate()
    for name in ("order", "ergate.webhook"):
        workflow = Workflow(name)

        @workflow.step
        def only() -> None:
            """Do nothing."""

        app.register_workflow(workflow)

    @app.signal(ErgateSignal.JOB_RUN_START)
    def begun(job: Job) -> None:
        told.append(job.workflow_name)

    with Harness(app) as harness:
        for name in ("ergate.webhook", "order"):
            harness.enqueue(name)
        assert harness.run_until_idle() == 2
    assert told == ["order"]
