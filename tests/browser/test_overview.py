"""The overview: live numbers, charts that can be read without a mouse, and many jobs at once."""

from __future__ import annotations

import threading

from playwright.sync_api import Page, expect

from ergate.api.desk import Place
from ergate.brokers.broker import Broker
from ergate.client import Wish
from ergate.contracts.state_store import WorkerInfo
from ergate.jobs.errors import JobError
from ergate.jobs.events import Completed, Failed, Settlement


def end(broker: Broker, outcome: Completed | Failed) -> None:
    (held,) = broker.store.claim_ready(["default"], 1, "worker-1")
    broker.store.settle([Settlement(held.id, "worker-1", held.revision, outcome)])


def test_numbers_and_failures_change_by_themselves(
    page: Page, place: Place, broker: Broker
) -> None:
    page.goto("/")
    expect(page.get_by_text("No job has failed.")).to_be_visible()
    expect(page.get_by_text("No worker runs.")).to_be_visible()
    place.client.enqueue("order", 1, Wish(id="order-1"))
    expect(page.get_by_role("link", name="1 queued")).to_be_visible()
    expect(page.get_by_role("table", name="Queues")).to_contain_text("default")
    broker.store.heartbeat(
        [WorkerInfo(worker_id="worker-1", host="h", pid=4711, started_at=1.0)], 60
    )
    expect(page.get_by_role("table", name="Workers")).to_contain_text("pid 4711")
    error = JobError(type="ValueError", message="no carrier", step_name="charge")
    end(broker, Failed(error.to_json()))
    failures = page.get_by_role("table", name="Jobs that failed lately")
    expect(failures).to_contain_text("in charge ValueError no carrier")
    page.get_by_role("link", name="1 failed").click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_chart_is_read_with_the_keys(page: Page, place: Place, broker: Broker) -> None:
    place.client.enqueue("order", 1, Wish())
    end(broker, Completed("1"))
    page.goto("/")
    figure = page.get_by_role("figure", name="Jobs ended per minute")
    expect(figure.locator("rect.is-completed").last).to_be_attached()
    picture = figure.get_by_role("img")
    picture.focus()
    picture.press("ArrowLeft")
    expect(figure).to_contain_text("1 completed")
    picture.press("ArrowLeft")
    expect(figure).to_contain_text("0 completed")


JOBS = 500


def work(broker: Broker) -> None:
    """Do what a worker does with the first step of each job, until none is left."""
    while held := broker.store.claim_ready(["default"], 20, "worker-1"):
        done = Completed("1")
        broker.store.settle([Settlement(one.id, "worker-1", one.revision, done) for one in held])


def test_five_hundred_jobs_are_watched_while_they_run(
    page: Page, place: Place, broker: Broker
) -> None:
    wish = Wish()
    list(place.client.enqueue_many("order", range(JOBS), wish))
    page.goto("/")
    expect(page.get_by_role("link", name=f"{JOBS} queued")).to_be_visible()
    page.evaluate("window.tile = document.querySelector('.tile.is-completed')")
    other = page.context.new_page()
    other.goto("/#/jobs")
    other.get_by_label("Select all jobs on this page").check()
    worker = threading.Thread(target=work, args=(broker,))
    worker.start()
    expect(page.get_by_role("link", name=f"{JOBS} completed")).to_be_visible(timeout=30_000)
    worker.join()
    assert page.evaluate("window.tile === document.querySelector('.tile.is-completed')")
    expect(other.locator("tbody .badge.is-completed")).to_have_count(50)
    expect(other.get_by_text("50 jobs selected")).to_be_visible()
