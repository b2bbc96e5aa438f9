"""Services: how they do, what they take and answer, and who calls them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ergate.api.desk import Place
from ergate.brokers.broker import Broker
from ergate.client import Wish
from ergate.settings import Settings
from tests.browser.conftest import Complaints
from tests.browser.crews import microservices, workers
from tests.unit.services.definitions import example


@pytest.fixture
def place(broker: Broker) -> Place:
    return Place(broker=broker, settings=Settings(allowed_services=["loopback"]))


@pytest.fixture
def crew(place: Place) -> Iterator[None]:
    with microservices(place.catalog):
        yield


def test_without_one_the_page_says_how_to_register_one(page: Page) -> None:
    page.goto("/#/services")
    expect(page.get_by_text("ergate services register service.json")).to_be_visible()


def test_a_store_that_keeps_none_says_so(page: Page, complaints: Complaints) -> None:
    complaints.allowed.add(409)
    why = {"title": "This cannot be done.", "detail": "This store keeps no definitions."}
    page.route("**/api/v1/services", lambda route: route.fulfill(status=409, json=why))
    page.goto("/#/services")
    expect(page.get_by_text("This store keeps no definitions.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_services_show_their_callers_and_answer_to_pings(
    signed_in: Page, place: Place, crew: None
) -> None:
    page = signed_in
    place.catalog.register_service({**example("service-mail"), "address": "http://127.0.0.1:9/"})
    page.goto("/#/services")
    upper = page.get_by_role("row", name=re.compile("^upper"))
    expect(upper).to_contain_text("not asked yet")
    expect(upper.get_by_role("link", name="process-text")).to_be_visible()
    upper.get_by_role("button", name="Ping upper").click()
    expect(upper).to_contain_text("answers in")
    mail = page.get_by_role("row", name=re.compile("^mail"))
    expect(mail).to_contain_text("nobody")
    mail.get_by_role("button").click()
    expect(mail).to_contain_text("not reached")
    mail.get_by_role("link", name="mail").click()
    expect(page.get_by_role("region", name="Inputs")).to_contain_text("template")
    expect(page.get_by_role("region", name="How it does")).to_contain_text("not reached")
    expect(page.get_by_label("The definition", exact=True)).to_contain_text('"name": "mail"')


def test_a_declared_workflow_is_started_runs_and_tells_its_times(
    signed_in: Page, place: Place, crew: None, tmp_path: Path
) -> None:
    page = signed_in
    place.client.enqueue("process-text", {"message": "a b"}, Wish(id="first"))
    with workers(f"sqlite:///{tmp_path}/jobs.db", tmp_path / "log", pace_s=0):
        page.goto("/#/workflows/process-text")
        expect(page.get_by_role("row", name=re.compile("^upper calls upper"))).to_be_visible()
        page.get_by_label("message").fill("THE SUN WILL RISE")
        page.get_by_label("message").press("Enter")
        page.get_by_role("status").get_by_role("link").click()
        expect(page.locator("h1 .badge")).to_have_text("completed", timeout=30_000)
        expect(page.locator("pre").filter(has_text="ESIR LLIW NUS EHT").first).to_be_attached()
        page.goto("/#/workflows/process-text")
        times = page.get_by_role("columnheader", name="95 % within")
        expect(times).to_be_visible(timeout=20_000)
        page.get_by_role("link", name="reverse").first.click()
        expect(page.get_by_role("heading", name="reverse")).to_be_visible()
