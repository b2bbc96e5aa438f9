"""Workers, queues and dead letters, and what can be ordered about them."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from ergate.api.desk import Place
from ergate.client import Wish
from ergate.contracts.state_store import DeadLetter, JobFilter, WorkerInfo
from ergate.jobs.status import JobStatus

LETTER = "5f0c3f2e-8d1b-5c55-9a3d-0d1f7c1b2a3e"


def worker(name: str, *queues: str) -> WorkerInfo:
    started = time.time() - 90
    return WorkerInfo(
        worker_id=name,
        host="host-1",
        pid=4711,
        started_at=started,
        queues=queues or ("default",),
        concurrency=8,
    )


def bury(place: Place, body: bytes) -> None:
    at = time.time() - 60
    letter = DeadLetter(id=LETTER, queue="mails", body=body, reason="It is no JSON.", at=at)
    place.broker.store.bury([letter])


class TestWorkers:
    def test_live_ones_show_their_jobs_and_lost_ones_stand_apart(
        self, page: Page, place: Place
    ) -> None:
        store = place.broker.store
        for number in range(6):
            place.client.enqueue("order", number, Wish(id=f"order-{number}"))
        store.heartbeat([worker("worker-live", "default", "mails")], 60)
        store.heartbeat([worker("worker-lost")], 0.001)
        store.claim_ready(["default"], 6, "worker-live")
        page.goto("/#/workers")
        live = page.get_by_role("region", name="1 live worker")
        expect(live).to_contain_text("6 of 8")
        expect(live).to_contain_text(re.compile(r"5\d s"))
        expect(live.get_by_role("link", name="order-5")).to_have_count(0)
        live.get_by_role("button", name="2 more").click()
        live.get_by_role("link", name="order-5").click()
        expect(page).to_have_url(re.compile("#/jobs/order-5$"))
        page.go_back()
        expect(page.get_by_role("region", name="Lost")).to_contain_text("worker-lost")

    def test_without_one_the_page_says_how_to_start_one(self, page: Page) -> None:
        page.goto("/#/workers")
        expect(page.get_by_text("ergate run")).to_be_visible()


class TestQueues:
    @pytest.fixture(autouse=True)
    def waiting(self, place: Place) -> None:
        for number in range(5):
            place.client.enqueue("order", number, Wish(id=f"mail-{number}", queue="mails"))
        place.client.enqueue("order", 5, Wish(id="mail-later", queue="mails", in_s=3600))
        place.broker.store.claim_ready(["mails"], 1, "worker-1")

    def test_each_number_leads_to_its_jobs_and_neglect_is_told(
        self, page: Page, place: Place
    ) -> None:
        page.goto("/#/queues")
        row = page.get_by_role("row", name=re.compile("^mails"))
        expect(row).to_contain_text("in 59 min")
        expect(row).to_contain_text("No live worker serves it.")
        place.broker.store.heartbeat([worker("worker-1", "mails")], 60)
        expect(row).not_to_contain_text("No live worker serves it.")
        row.get_by_role("link", name="4", exact=True).click()
        expect(page).to_have_url(re.compile(r"#/jobs\?queue=mails&status=queued$"))

    def test_purging_asks_with_the_number_and_leaves_what_runs(
        self, signed_in: Page, place: Place
    ) -> None:
        page = signed_in
        page.goto("/#/queues")
        page.get_by_role("button", name="Purge the queue mails").click()
        dialog = page.get_by_role("dialog", name="Cancel 5 jobs?")
        dialog.get_by_role("button", name="Cancel 5 jobs").click()
        expect(page.get_by_text("5 jobs cancelled.")).to_be_visible()
        counts = place.broker.store.count(JobFilter(queue="mails"))
        assert counts == {JobStatus.RUNNING: 1, JobStatus.CANCELLED: 5}


class TestDeadLetters:
    def test_a_letter_shows_its_reason_and_all_of_its_bytes(self, page: Page, place: Place) -> None:
        bury(place, b"\x00\xff" + b"<b>\x1b[2J" * 600)
        page.goto("/#/dead-letters")
        expect(page.get_by_role("row").nth(1)).to_contain_text("It is no JSON.")
        page.get_by_role("link", name=LETTER[:9]).click()
        expect(page.get_by_text("It is no text in UTF-8.")).to_be_visible()
        numbers = page.get_by_label("The body in hexadecimal")
        expect(numbers).to_contain_text("000000  00 ff 3c 62 3e 1b 5b 32  4a 3c")
        page.get_by_role("button", name="Show all 4,202 bytes").click()
        expect(numbers).to_contain_text("001060  ")

    def test_one_that_is_understood_now_becomes_a_job(self, signed_in: Page, place: Place) -> None:
        bury(place, b'{"workflow_name": "order", "input": 1}')
        page = signed_in
        page.goto(f"/#/dead-letters/{LETTER}")
        expect(page.get_by_label("The body as text")).to_have_text(re.compile("workflow_name"))
        page.get_by_role("button", name="Requeue").click()
        page.get_by_role("dialog").get_by_role("button", name="Requeue").click()
        page.locator(".success").get_by_role("link").click()
        expect(page.get_by_role("heading", name="order")).to_be_visible()
        assert place.broker.store.dead_letters() == []

    def test_without_any_the_page_says_what_they_are(self, page: Page) -> None:
        page.goto("/#/dead-letters")
        expect(page.get_by_text("ergate queues dead list")).to_be_visible()
