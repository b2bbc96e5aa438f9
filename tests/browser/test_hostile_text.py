"""Names, values and errors that would like to be markup, or to turn the text around."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from ergate.brokers.broker import Broker
from ergate.jobs.errors import JobError
from ergate.jobs.events import Failed, Settlement
from ergate.jobs.record import JobRecord

TEXTS = [
    "<script>window.caught = 1</script>",
    "<img src=x onerror='window.caught = 1'>",
    '"><svg onload=window.caught=1>',
    "javascript:window.caught=1",
    "{{constructor.constructor('window.caught=1')()}}",
    "</textarea></title></style><iframe src=//evil.example>",
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.exe\u2066\u2069",
    "a\u200bb\ufeff\u00ad\U000e0041",
    "%3Cscript%3E &lt;b&gt; &#60;i&#62; <b>",
    "Z\u0351\u036b\u0343\u036a" * 40,
    "x" * 3000,
]


def visible(text: str) -> str:
    """Return a text as the dashboard shows it."""
    unseen = [one for one in text if not one.isprintable() and one not in "\n\t"]
    for one in set(unseen):
        text = text.replace(one, f"\u2039U+{ord(one):04X}\u203a")
    return text


def hand_in(broker: Broker, text: str) -> str:
    """Store a job that failed, with a text wherever one can stand."""
    job_id = f"id {text[:30]}"
    value = json.dumps({text: text})
    record = JobRecord(
        id=job_id,
        workflow_name=text,
        queue=text,
        step_name=text,
        initial_input_value=value,
        last_return_value=value,
        user_context=value,
    )
    broker.submit([record])
    (held,) = broker.store.claim_ready([text], 1, f"worker {text}")
    error = JobError(type=text, message=text, traceback=text, step_name=text)
    settled = [Settlement(job_id, f"worker {text}", held.revision, Failed(error.to_json()))]
    assert list(broker.store.settle(settled).refused) == []
    return job_id


def nothing_acted(page: Page) -> None:
    assert page.evaluate("window.caught === undefined")
    foreign = page.locator("iframe, script:not([src^='/static/']), img:not([src^='/static/'])")
    assert foreign.count() == 0
    shown = page.locator("body").inner_text()
    assert [one for one in shown if not one.isprintable() and one not in "\n\t"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.fixture
def ids(broker: Broker) -> list[str]:
    return [hand_in(broker, text) for text in TEXTS]


def test_hostile_text_is_text_in_the_list(page: Page, ids: list[str]) -> None:
    page.goto("/#/jobs")
    expect(page.locator("tbody tr")).to_have_count(len(ids))
    for text in TEXTS:
        expect(page.locator("tbody").get_by_text(visible(text)[:40]).first).to_be_attached()
    nothing_acted(page)


def test_hostile_text_is_text_on_every_page_of_a_job(page: Page, ids: list[str]) -> None:
    for text, job_id in zip(TEXTS, ids, strict=True):
        page.goto("/#/jobs?status=failed")
        page.get_by_label(f"Select job {visible(job_id)}", exact=True).locator(
            "xpath=ancestor::tr//a"
        ).click()
        expect(page.locator(".job-id .id")).to_have_text(visible(job_id))
        expect(page.locator(".failure .lines")).to_have_text(visible(text))
        nothing_acted(page)
