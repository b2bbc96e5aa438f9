"""Workflows: the list, the page of one, and the form that starts a job of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from ergate.api.desk import Place
from ergate.brokers.broker import Broker
from ergate.client import Wish
from ergate.contracts.state_store import JobFilter
from tests.browser.conftest import Complaints
from tests.browser.demo import app

ORDER = {"customer": "ada@example.org", "lines": [{"sku": "TEA-042"}]}


@pytest.fixture
def place(broker: Broker) -> Place:
    return Place(broker=broker, registry=app.registry)


def form(page: Page) -> Locator:
    return page.locator(".start-form")


def start(page: Page) -> None:
    form(page).get_by_role("button", name="Start the job").click()


def only_job(place: Place) -> dict[str, Any]:
    (record,) = place.broker.store.list(JobFilter())
    return place.client.get_job(record.id).model_dump(mode="json")


def test_the_list_leads_to_each_workflow_and_to_its_jobs(page: Page, place: Place) -> None:
    for number in range(3):
        place.client.enqueue("order", ORDER, Wish(id=f"order-{number}"))
    place.broker.store.cancel("order-0")
    page.goto("/#/workflows")
    row = page.get_by_role("row", name=re.compile("^order"))
    expect(row).to_contain_text("check_stock · charge · pack · ship · hold_for_review")
    row.get_by_role("link", name="2 queued").click()
    expect(page).to_have_url(re.compile(r"#/jobs\?workflow=order&status=queued$"))
    expect(page.locator("tbody tr")).to_have_count(2)
    page.go_back()
    page.get_by_role("link", name="order", exact=True).click()
    expect(page.get_by_role("heading", name="order", exact=True)).to_be_visible()
    expect(page.locator(".graph .node")).to_have_count(7)
    expect(page.get_by_role("link", name="cancelled 1")).to_be_visible()


def test_without_a_workflow_the_list_says_what_to_do(page: Page, place: Place) -> None:
    page.route("**/api/v1/workflows", lambda route: route.fulfill(json=[]))
    page.goto("/#/workflows")
    expect(page.get_by_text("ergate serve --app myapp:app")).to_be_visible()


def test_an_unknown_workflow_is_told(page: Page, complaints: Complaints) -> None:
    complaints.allowed.add(404)
    page.goto("/#/workflows/ordre")
    expect(page.get_by_role("alert")).to_contain_text("ordre")


def test_a_job_is_started_by_the_form(signed_in: Page, place: Place) -> None:
    page = signed_in
    page.goto("/#/workflows/order")
    form(page).get_by_label("customer").fill("ada@example.org")
    form(page).get_by_role("button", name="Add to lines").click()
    expect(form(page).get_by_label("sku")).to_be_focused()
    form(page).get_by_label("sku").fill("TEA-042")
    form(page).get_by_label("quantity").fill("3")
    form(page).get_by_label("payment").select_option("voucher")
    form(page).get_by_label("is_gift").check()
    start(page)
    form(page).get_by_role("status").get_by_role("link").click()
    job = only_job(place)
    expect(page).to_have_url(re.compile(f"#/jobs/{job['id']}$"))
    assert job["initial_input_value"] == {
        "customer": "ada@example.org",
        "lines": [{"sku": "TEA-042", "quantity": 3}],
        "payment": "voucher",
        "is_gift": True,
    }


def test_how_a_job_is_run_can_be_wished(signed_in: Page, place: Place) -> None:
    page = signed_in
    page.goto("/#/workflows/newsletter")
    form(page).get_by_label("issue").fill("2030-01")
    form(page).get_by_text("Queue, priority, time, context").click()
    for label, value in {"id": "mine", "queue": "mails", "priority": "7", "in_s": "600"}.items():
        form(page).get_by_label(label, exact=False).and_(page.locator(f"[id*={label}]")).fill(value)
    form(page).get_by_label("context").fill('{"from": "the form"}')
    start(page)
    expect(form(page).get_by_role("status").get_by_text("Started mine")).to_be_visible()
    job = only_job(place)
    wished = {name: job[name] for name in ("id", "queue", "priority", "user_context")}
    assert wished == {
        "id": "mine",
        "queue": "mails",
        "priority": 7,
        "user_context": {"from": "the form"},
    }
    due = datetime.fromisoformat(job["due_at"]) - datetime.now(UTC)
    assert timedelta(minutes=5) < due < timedelta(minutes=11)


def test_what_is_missing_or_no_number_is_told_at_its_field(signed_in: Page, place: Place) -> None:
    page = signed_in
    page.goto("/#/workflows/order")
    form(page).get_by_role("button", name="Add to lines").click()
    form(page).get_by_label("quantity").fill("many")
    start(page)
    expect(form(page).get_by_label("customer")).to_be_focused()
    expect(form(page).locator(".field", has=page.get_by_label("quantity"))).to_contain_text(
        "This is no whole number."
    )
    expect(form(page).locator("[aria-invalid]")).to_have_count(3)
    assert place.broker.store.count(JobFilter()) == {}


def test_what_the_server_refuses_is_told_at_its_field(
    signed_in: Page, place: Place, complaints: Complaints
) -> None:
    complaints.allowed.add(422)
    page = signed_in
    page.goto("/#/workflows/order")
    form(page).get_by_label("customer").fill("ada@example.org")
    form(page).get_by_role("button", name="Add to lines").click()
    form(page).get_by_label("sku").fill("TEA-042")
    form(page).get_by_label("quantity").fill("0")
    form(page).get_by_label("deliver_on").fill("soon")
    start(page)
    quantity, day = form(page).get_by_label("quantity"), form(page).get_by_label("deliver_on")
    expect(quantity).to_be_focused()
    expect(quantity).to_have_accessible_description(re.compile("greater than or equal to 1"))
    expect(day).to_have_accessible_description(re.compile("valid date"))
    quantity.fill("1")
    expect(quantity).not_to_have_attribute("aria-invalid", "true")
    expect(day).to_have_attribute("aria-invalid", "true")


def test_an_input_can_be_written_as_json_and_comes_back_as_fields(
    signed_in: Page, place: Place
) -> None:
    page = signed_in
    page.goto("/#/workflows/order")
    form(page).get_by_label("customer").fill("ada")
    switch = page.get_by_role("button", name="As JSON")
    switch.click()
    text = page.get_by_label("The input, as JSON")
    expect(text).to_have_value(re.compile('"customer": "ada"'))
    text.fill('{"customer": "grace", "lines": [{"sku": "A", "quantity": 2}]}')
    switch.click()
    expect(form(page).get_by_label("customer")).to_have_value("grace")
    expect(form(page).get_by_label("quantity")).to_have_value("2")
    switch.click()
    text.fill('{"customer": "grace", "lines": [], "unknown": 1}')
    switch.click()
    expect(text).to_have_accessible_description(re.compile("cannot show this value"))
    start(page)
    expect(form(page).get_by_role("status").get_by_role("link")).to_be_visible()
    assert only_job(place)["initial_input_value"]["unknown"] == 1


def test_the_form_keeps_what_is_typed_while_the_page_lives(signed_in: Page, place: Place) -> None:
    page = signed_in
    page.goto("/#/workflows/order")
    customer = form(page).get_by_label("customer")
    customer.fill("half a na")
    place.client.enqueue("order", ORDER, Wish())
    expect(page.get_by_role("link", name="queued 1")).to_be_visible()
    customer.press("End")
    customer.press("m")
    expect(customer).to_have_value("half a nam")
    expect(customer).to_be_focused()


def test_times_that_cannot_be_had_are_told_while_the_rest_goes_on(
    page: Page, place: Place, complaints: Complaints
) -> None:
    complaints.allowed.add(503)
    why = {"title": "The state store cannot be used now.", "detail": "It is slow."}
    page.route("**/durations", lambda route: route.fulfill(status=503, json=why))
    page.goto("/#/workflows/order")
    expect(page.get_by_role("alert")).to_contain_text("It is slow.")
    place.client.enqueue("order", ORDER, Wish())
    expect(page.get_by_role("link", name="queued 1")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("It is slow.")
