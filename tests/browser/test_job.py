"""The page of a job: its way, its timeline, its values, and what can be done with it."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from ergate.api.desk import Place
from ergate.brokers.broker import Broker
from ergate.client import Wish
from ergate.jobs.errors import JobError
from ergate.jobs.events import Advanced, Completed, Failed, Outcome, Settlement
from ergate.jobs.record import JobRecord
from ergate.jobs.status import JobStatus
from tests.browser.conftest import Complaints

WORKER = "worker-1"
ERROR = JobError(
    type="ValueError", message="no carrier", traceback="Traceback: line 7", step_name="pack"
)


def claim(broker: Broker) -> JobRecord:
    (held,) = broker.store.claim_ready(["default"], 1, WORKER)
    return held


def settle(broker: Broker, held: JobRecord, outcome: Outcome) -> None:
    done = broker.store.settle([Settlement(held.id, WORKER, held.revision, outcome)])
    assert list(done.refused) == []


def pass_charge(broker: Broker) -> None:
    settle(broker, claim(broker), Advanced("7", 1, "pack", "default", 33.3))


@pytest.fixture
def job(place: Place) -> str:
    """Hand in a job of the workflow `order` with the id `a/b c`."""
    return str(place.client.enqueue("order", 7, Wish(id="a/b c")).id)


@pytest.fixture
def failed_job(job: str, broker: Broker) -> str:
    """Let the job fail in its second step."""
    pass_charge(broker)
    settle(broker, claim(broker), Failed(ERROR.to_json()))
    return job


def open_job(page: Page) -> None:
    page.goto("/#/jobs/a%2Fb%20c")
    expect(page.get_by_role("heading", level=1)).to_contain_text("order")


def test_a_job_is_followed_until_it_ends(page: Page, job: str, broker: Broker) -> None:
    open_job(page)
    expect(page.get_by_label("charge, waiting")).to_be_visible()
    held = claim(broker)
    expect(page.get_by_label("charge, running")).to_be_visible()
    expect(page.locator("h1 .badge")).to_have_text("running")
    settle(broker, held, Advanced("7", 2, "ship", "default", 50))
    expect(page.get_by_label("charge, done")).to_be_visible()
    expect(page.get_by_label("ship, waiting")).to_be_visible()
    expect(page.get_by_label("pack", exact=True)).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    settle(broker, claim(broker), Completed('"seven"'))
    expect(page.get_by_label("the end, done")).to_be_visible()
    expect(page.locator(".way.is-taken")).to_have_count(2)
    expect(page.get_by_label("Output of ship", exact=True)).to_have_text('"seven"')
    assert page.locator(".entry-word").all_inner_texts() == ["handed in", "done", "done"]


def test_an_error_is_told_with_its_traceback(page: Page, failed_job: str) -> None:
    open_job(page)
    error = page.get_by_label("Error")
    expect(error).to_contain_text("ValueError in pack")
    expect(error).to_contain_text("no carrier")
    traceback = error.get_by_label("Traceback", exact=True)
    expect(traceback).not_to_be_visible()
    error.get_by_text("Traceback", exact=True).click()
    expect(traceback).to_have_text("Traceback: line 7")
    expect(page.get_by_label("pack, failed")).to_be_visible()
    page.get_by_label("charge, done").press("Enter")
    expect(page.get_by_label("Output of charge", exact=True)).to_be_visible()


def test_a_failed_job_is_retried(signed_in: Page, failed_job: str, broker: Broker) -> None:
    open_job(signed_in)
    signed_in.get_by_role("button", name="Retry …").click()
    dialog = signed_in.get_by_role("dialog")
    expect(dialog).to_contain_text("It begins with pack")
    dialog.get_by_role("button", name="Retry", exact=True).click()
    expect(signed_in.get_by_text("The job is queued again.")).to_be_visible()
    expect(signed_in.locator("h1 .badge")).to_have_text("queued")
    assert (claim(broker).step_name, broker.store.get(failed_job) is None) == ("pack", False)


def test_a_job_runs_again_from_a_step_with_another_input(
    signed_in: Page, failed_job: str, broker: Broker, complaints: Complaints
) -> None:
    complaints.allowed.add(422)
    page = signed_in
    open_job(page)
    page.get_by_role("button", name="Retry from a step").click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("textbox")
    expect(field).to_have_value("7")
    expect(dialog).to_contain_text("Kept with their results: charge. Runs again: pack.")
    dialog.get_by_label("The step to begin with").select_option(label="charge")
    expect(dialog).to_contain_text("Nothing is kept. Runs again: charge, pack.")
    field.fill("[1,")
    expect(dialog.get_by_role("status")).to_contain_text("This is no JSON")
    field.fill('"many"')
    expect(dialog.locator(".fault")).to_be_empty()
    dialog.get_by_role("button", name="Run it again").click()
    expect(dialog.get_by_role("alert")).to_contain_text("A value of the request does not fit.")
    field.fill("12345678901234567890")
    dialog.get_by_role("button", name="Run it again").click()
    expect(dialog).to_have_count(0)
    held = claim(broker)
    assert (held.step_name, held.input_json) == ("charge", "12345678901234567890")


def test_a_running_job_is_cancelled_when_its_step_ends(
    signed_in: Page, job: str, broker: Broker
) -> None:
    held = claim(broker)
    open_job(signed_in)
    signed_in.get_by_role("button", name="Cancel …").click()
    signed_in.get_by_role("button", name="Cancel the job").click()
    expect(signed_in.locator("h1 .badge")).to_have_text("cancelling")
    settle(broker, held, Completed("1"))
    found = broker.store.get(job)
    assert found is not None
    expect(signed_in.locator("h1 .badge")).to_have_text(str(found.status))
    expect(signed_in.get_by_role("button", name="Cancel …")).to_be_disabled()


def test_another_job_like_it_is_started(
    signed_in: Page, failed_job: str, place: Place, broker: Broker
) -> None:
    open_job(signed_in)
    signed_in.get_by_role("button", name="Start another like it").click()
    dialog = signed_in.get_by_role("dialog")
    expect(dialog.get_by_label("Input, as JSON")).to_have_value("7")
    dialog.get_by_label("Input, as JSON").fill("8")
    dialog.get_by_role("button", name="Start it").click()
    expect(signed_in.locator("h1 .badge")).to_have_text("queued")
    expect(signed_in).not_to_have_url(re.compile("a%2Fb"))
    started = claim(broker)
    assert (started.workflow_name, started.input_json) == ("order", "8")


def test_the_raw_json_is_whole_and_can_be_copied(
    page: Page, failed_job: str, broker: Broker
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_job(page)
    page.get_by_text("The job", exact=True).click()
    page.get_by_role("button", name="Copy: The job").click()
    expect(page.get_by_text("The job copied.")).to_be_visible()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert (copied["id"], copied["status"], copied["initial_input_value"]) == ("a/b c", "failed", 7)


def test_a_job_that_is_not_there_is_told(page: Page, complaints: Complaints) -> None:
    complaints.allowed.add(404)
    page.goto("/#/jobs/missing")
    expect(page.get_by_role("alert")).to_contain_text('There is no job "missing".')


def test_a_job_of_an_unknown_workflow_shows_the_way_that_it_went(
    page: Page, broker: Broker
) -> None:
    broker.submit([JobRecord(id="a/b c", workflow_name="elsewhere", step_name="first")])
    settle(broker, claim(broker), Advanced("1", 1, "second", "default", 50))
    page.goto("/#/jobs/a%2Fb%20c")
    expect(page.get_by_label("first, done")).to_be_visible()
    expect(page.get_by_label("second, waiting")).to_be_visible()
    expect(page.get_by_text("this server does not know this workflow")).to_be_visible()


def test_a_job_page_fits_on_a_phone(page: Page, failed_job: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    open_job(page)
    expect(page.get_by_label("pack, failed")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_status_of_a_job_is_never_told_by_colour_alone(page: Page, failed_job: str) -> None:
    page.goto(f"/#/jobs?status={JobStatus.FAILED}")
    expect(page.locator("tbody .badge")).to_have_text("failed")
