"""The list of jobs: filters in the address, selection that stays, and orders about many jobs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from ergate.api.desk import Place
from ergate.client import Wish
from ergate.contracts.state_store import JobFilter
from ergate.jobs.status import JobStatus
from tests.api.conftest import TOKEN
from tests.browser.conftest import Complaints

HANDED_IN = 60


@pytest.fixture(autouse=True)
def jobs(place: Place) -> list[str]:
    """Hand in 60 jobs, of which the last 5 wait in the queue `mails` and 2 are cancelled."""
    ids = []
    for number in range(HANDED_IN):
        queue = "mails" if number >= HANDED_IN - 5 else "default"
        wish = Wish(id=f"order-{number:02}", queue=queue)
        ids.append(str(place.client.enqueue("order", number, wish).id))
    for job_id in ids[:2]:
        place.broker.store.cancel(job_id)
    return ids


def counted(place: Place, status: JobStatus) -> int:
    return place.broker.store.count(JobFilter()).get(status, 0)


def rows(page: Page) -> Locator:
    return page.locator("tbody tr")


def box(page: Page, job_id: str) -> Locator:
    return page.get_by_label(f"Select job {job_id}")


def confirm(page: Page, button: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_have_count(0)


def test_filters_are_in_the_address_and_an_address_gives_the_same_list(page: Page) -> None:
    page.goto("/#/jobs")
    expect(rows(page)).to_have_count(50)
    page.get_by_role("link", name="cancelled 2").click()
    expect(rows(page)).to_have_count(2)
    expect(page).to_have_url(re.compile(r"#/jobs\?status=cancelled$"))
    page.get_by_role("link", name="all 60").click()
    page.get_by_label("Queue").fill("mails")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(5)
    page.get_by_label("Handed in since").select_option("1h")
    expect(page).to_have_url(re.compile(r"#/jobs\?queue=mails&since=1h$"))
    page.reload()
    expect(rows(page)).to_have_count(5)
    expect(page.get_by_label("Queue")).to_have_value("mails")
    page.go_back()
    expect(page.get_by_label("Handed in since")).to_have_value("")


def test_a_text_is_searched_for(page: Page) -> None:
    page.goto("/#/jobs?text=ORDER-17")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Containing").fill("no such text")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No job here matches these filters.")).to_be_visible()
    page.get_by_role("link", name="Show all jobs").click()
    expect(rows(page)).to_have_count(50)


def test_pages_lead_there_and_back(page: Page) -> None:
    page.goto("/#/jobs")
    expect(page.get_by_text("1 to 50 of 60 jobs.")).to_be_visible()
    page.get_by_role("link", name="Older").click()
    expect(rows(page)).to_have_count(10)
    expect(page.get_by_text("51 to 60 of 60 jobs.")).to_be_visible()
    page.get_by_role("link", name="Newer").click()
    expect(rows(page)).to_have_count(50)


def test_live_changes_keep_the_selection_the_focus_and_the_rows(page: Page, place: Place) -> None:
    page.goto("/#/jobs?queue=mails")
    box(page, "order-57").check()
    box(page, "order-56").focus()
    page.evaluate("window.kept = document.activeElement.closest('tr')")
    place.client.enqueue("order", 1, Wish(id="order-new", queue="mails"))
    place.broker.store.cancel("order-57")
    expect(rows(page)).to_have_count(6)
    expect(rows(page).filter(has_text="cancelled")).to_have_count(1)
    expect(box(page, "order-57")).to_be_checked()
    expect(box(page, "order-56")).to_be_focused()
    assert page.evaluate("window.kept === document.activeElement.closest('tr')")
    expect(page.get_by_text("1 job selected")).to_be_visible()


def test_a_list_that_is_held_still_does_not_change(page: Page, place: Place) -> None:
    page.goto("/#/jobs?queue=mails")
    page.get_by_role("button", name="Hold still").click()
    other = page.context.new_page()
    other.goto("/#/jobs?queue=mails")
    expect(rows(other)).to_have_count(5)
    place.client.enqueue("order", 1, Wish(id="order-new", queue="mails"))
    expect(rows(other)).to_have_count(6)
    expect(rows(page)).to_have_count(5)
    page.get_by_role("button", name="Go on live").click()
    expect(rows(page)).to_have_count(6)


def test_chosen_jobs_are_cancelled_and_retried(signed_in: Page, place: Place) -> None:
    page = signed_in
    page.goto("/#/jobs?queue=mails")
    for job_id in ("order-55", "order-57"):
        box(page, job_id).check()
    page.get_by_role("button", name="Cancel …").click()
    confirm(page, "Cancel 2 jobs")
    expect(page.get_by_text("2 jobs cancelled.")).to_be_visible()
    expect(page.get_by_text("No job selected")).to_be_visible()
    assert counted(place, JobStatus.CANCELLED) == 4
    expect(rows(page).filter(has_text="cancelled")).to_have_count(2)
    page.get_by_label("Select all jobs on this page").check()
    page.get_by_role("button", name="Retry …").click()
    expect(page.get_by_role("dialog")).to_contain_text("Only failed, aborted and cancelled jobs")
    confirm(page, "Retry 2 jobs")
    expect(page.get_by_text("2 jobs handed in again.")).to_be_visible()
    assert counted(place, JobStatus.CANCELLED) == 2


def test_everything_that_matches_is_cancelled_after_its_number_was_confirmed(
    signed_in: Page, place: Place
) -> None:
    page = signed_in
    page.goto("/#/jobs")
    page.get_by_role("button", name="Select all 60 that match").click()
    expect(page.get_by_text("All 60 jobs that match are selected")).to_be_visible()
    page.get_by_role("button", name="Cancel …").click()
    expect(page.get_by_role("dialog")).to_contain_text("Jobs that have ended stay as they are.")
    confirm(page, "Cancel 58 jobs")
    expect(page.get_by_text("58 jobs cancelled.")).to_be_visible()
    expect(page.get_by_role("link", name="cancelled 60")).to_be_visible()
    assert counted(place, JobStatus.CANCELLED) == HANDED_IN


def test_another_number_than_the_confirmed_one_changes_nothing(
    signed_in: Page, place: Place, complaints: Complaints
) -> None:
    complaints.allowed.add(409)
    page = signed_in
    page.goto("/#/jobs?queue=mails")
    page.get_by_role("button", name="Select all 5 that match").click()
    page.get_by_role("button", name="Cancel …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Everything that matches: in the queue mails")
    place.client.enqueue("order", 1, Wish(queue="mails"))
    dialog.get_by_role("button", name="Cancel 5 jobs").click()
    expect(dialog.get_by_role("alert")).to_contain_text("6 jobs match, not 5")
    dialog.get_by_role("button", name="Leave it").click()
    assert counted(place, JobStatus.CANCELLED) == 2


def test_what_could_not_be_done_is_told(signed_in: Page, place: Place) -> None:
    page = signed_in
    page.goto("/#/jobs?queue=mails")
    page.get_by_role("button", name="Hold still").click()
    box(page, "order-55").check()
    box(page, "order-56").check()
    place.broker.store.cancel("order-55")
    page.get_by_role("button", name="Cancel …").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel 2 jobs").click()
    told = page.get_by_role("dialog", name="1 job cancelled, 1 not")
    expect(told).to_contain_text("order-55")


def test_an_order_asks_for_the_token_first(page: Page, complaints: Complaints) -> None:
    complaints.allowed.add(401)
    page.goto("/#/jobs?queue=mails")
    box(page, "order-59").check()
    page.get_by_role("button", name="Cancel …").click()
    page.get_by_role("button", name="Cancel 1 job").click()
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("dialog", name="Sign in").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("1 job cancelled.")).to_be_visible()
