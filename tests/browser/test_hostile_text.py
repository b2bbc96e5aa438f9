"""Names, values and errors that would like to be markup, or to turn the text around."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from ergate.api.desk import Place
from ergate.brokers.broker import Broker
from tests import hostile_app
from tests.browser.conftest import Complaints
from tests.hostile import NAMES, TEXTS, visible, visible_json

ACTED = """() => {
    const found = window.acted ? ["a text acted"] : [];
    const seen = [document.title, document.body.textContent];
    const foreign = `iframe, object, embed, base, math, plaintext, [srcdoc], meta[http-equiv],
        script:not([src^="/static/"]), img:not([src^="/static/"]), link:not([href^="/static/"]),
        style, form[action], a:not([href^="#"])`;
    for (const one of document.querySelectorAll(foreign)) found.push(one.outerHTML);
    for (const one of document.querySelectorAll("*")) {
        for (const { name, value } of one.attributes) {
            if (name.startsWith("on")) found.push(one.outerHTML);
            if (["title", "aria-label", "placeholder"].includes(name)) seen.push(value);
        }
    }
    const raw = /(?![\\n\\t])[\\p{Cc}\\p{Cf}]/u.exec(seen.join(""));
    if (raw) found.push(`a raw U+${raw[0].codePointAt(0).toString(16)}`);
    if (document.documentElement.scrollWidth > window.innerWidth) found.push("it is too wide");
    return found;
}"""
SHOWN = "document.getElementById('main').textContent"


@pytest.fixture
def place(broker: Broker) -> Place:
    return Place(broker=broker, registry=hostile_app.app.registry)


@pytest.fixture(autouse=True)
def watched(page: Page, complaints: Complaints) -> None:
    """Notice when a text acts."""
    complaints.allowed.add(404)
    page.add_init_script("window.hostile = () => { window.acted = true; }")
    page.on("dialog", lambda dialog: complaints.found.append(f"a dialog: {dialog.message}"))


def go(page: Page, *parts: str) -> None:
    page.goto(f"/#/{'/'.join(quote(part, safe='') for part in parts)}")


def check(page: Page, texts: list[str], most: int) -> None:
    """Fail when a text acted, or when one of these is not seen, up to so many characters."""
    assert page.evaluate(ACTED) == []
    shown = page.evaluate(SHOWN)
    assert [text for text in texts if visible(text[: most - 1]) not in shown] == []


def test_lists_show_hostile_texts_as_texts(page: Page, broker: Broker) -> None:
    hostile_app.hand_in(broker)
    hostile_app.let_wait(broker)
    hostile_app.bury(broker)
    lists = {
        "jobs": (TEXTS, 24),
        "queues": (TEXTS, 60),
        "workers": (TEXTS, 24),
        "dead-letters": (TEXTS, 40),
        "workflows": (NAMES, 30),
    }
    for path, (texts, most) in lists.items():
        go(page, path)
        expect(page.locator("tbody tr").first).to_be_attached()
        check(page, list(texts), most)
    page.goto("/#/jobs?status=failed")
    expect(page.locator("tbody tr")).to_have_count(len(TEXTS))
    check(page, list(TEXTS), 24)
    page.goto("/#/")
    expect(page.get_by_role("region", name="Recent failures").locator("tr")).to_have_count(9)
    check(page, [], 0)


def test_the_page_of_a_job_shows_hostile_texts_as_texts(page: Page, broker: Broker) -> None:
    for job_id, text in hostile_app.hand_in(broker).items():
        go(page, "jobs", job_id)
        expect(page.locator(".job-id .id")).to_have_text(visible(job_id))
        expect(page.locator(".failure .lines")).to_have_text(visible(text))
        expect(page.locator(".traceback").first).to_have_text(visible(text))
        expect(page.locator("pre[aria-label^=Input]")).to_contain_text(visible_json(text))
        check(page, [text], 40)


def test_the_page_of_a_workflow_shows_hostile_texts_as_texts(page: Page) -> None:
    for text in NAMES:
        go(page, "workflows", text)
        expect(page.locator("h1")).to_have_text(visible(text)[:119], use_inner_text=False)
        expect(page.locator(".start-form textarea").first).to_have_value(text)
        expect(page.locator(".start-form .about").first).to_have_text(visible(text))
        check(page, [text], 60)


def test_the_page_of_a_dead_letter_shows_hostile_texts_as_texts(page: Page, broker: Broker) -> None:
    hostile_app.bury(broker)
    # A page of a letter differs from another in nothing else: some of each sort are enough.
    for letter, text in list(zip(hostile_app.LETTERS, TEXTS, strict=True))[::4]:
        go(page, "dead-letters", letter)
        expect(page.get_by_label("The body as text")).to_have_text(visible(text))
        check(page, [text], 80)


def test_services_and_definitions_show_hostile_texts_as_texts(page: Page, place: Place) -> None:
    for number, text in enumerate(TEXTS):
        field = {"name": "value", "type": "string", "description": text, "default": text}
        service = {"name": f"service-{number}", "description": text, "inputs": [field]}
        place.catalog.register_service({**service, "address": "http://127.0.0.1:9/"})
        definition = {"name": f"calls-{number}", "services": [f"service-{number}"]}
        place.catalog.register_workflow({**definition, "description": text, "inputs": [field]})
    go(page, "services")
    expect(page.locator("tbody tr")).to_have_count(len(TEXTS))
    check(page, list(TEXTS), 80)
    for number, text in list(enumerate(TEXTS))[::5]:
        go(page, "services", f"service-{number}")
        expect(page.get_by_role("region", name="Inputs")).to_contain_text("value")
        check(page, [text], 200)
        go(page, "workflows", f"calls-{number}")
        expect(page.get_by_label("value")).to_have_value(text)
        check(page, [text], 200)
