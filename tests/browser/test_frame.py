"""What stands around every page: navigation, theme, session, and the connection."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, expect

from ergate.api.app import create_api
from ergate.api.bounds import Bounds
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.client import Wish
from tests.api.conftest import TOKEN
from tests.browser.conftest import Complaints


def test_the_overview_is_live_and_needs_no_token(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.locator(".link")).to_have_text("live")
    expect(page).to_have_title("Overview · Ergate")


def test_a_theme_is_chosen_and_remembered(page: Page) -> None:
    page.goto("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    for wanted in ("light", "dark"):
        page.get_by_role("button", name="Theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", wanted)
    assert page.evaluate(ground) != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_signing_in_and_out(page: Page, complaints: Complaints) -> None:
    complaints.allowed.add(401)
    page.goto("/")
    page.get_by_role("button", name="Sign in").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Token").fill("not the token")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("This is not the token of this server.")
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_what_is_not_there_is_told(page: Page) -> None:
    page.goto("/#/nowhere")
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_its_window(page: Page, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/")
    expect(page.locator(".link")).to_have_text("live")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


class TestReadOnly:
    @pytest.fixture
    def security(self) -> Security:
        return Security(token=TOKEN, read_only=True)

    def test_the_frame_says_so(self, page: Page) -> None:
        page.goto("/")
        expect(page.get_by_text("read-only")).to_be_visible()
        expect(page.get_by_role("button", name="Sign in")).to_have_count(0)


class TestWithoutRoomForAStream:
    @pytest.fixture
    def api(self, place: Place, security: Security) -> FastAPI:
        return create_api(place, security, Bounds(streams=0))

    def test_the_page_looks_again_by_itself(
        self, page: Page, place: Place, complaints: Complaints
    ) -> None:
        complaints.allowed.add(503)
        page.goto("/")
        expect(page.locator(".link")).to_have_text("every few seconds")
        place.client.enqueue("order", 1, Wish())
        expect(page.get_by_role("link", name="1 queued")).to_be_visible(timeout=20_000)


def test_a_lost_connection_is_told_calmly_and_comes_back(
    page: Page, api: FastAPI, complaints: Complaints
) -> None:
    page.goto("/")
    expect(page.locator(".link")).to_have_text("live")
    page.route("**/api/v1/stream", lambda route: route.abort())
    complaints.found.clear()
    api.state.streams.stop_soon()
    expect(page.locator(".link")).to_have_text("connection lost")
    api.state.streams._stopping.clear()
    page.unroute("**/api/v1/stream")
    expect(page.locator(".link")).to_have_text("live", timeout=20_000)
    assert all("ERR_FAILED" in one for one in complaints.found)
    complaints.found.clear()
