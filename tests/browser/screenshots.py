"""Take the pictures of the dashboard in `docs/images`: `make screenshots`, after a change of it.

A demo runs for a moment with real workers and services, and what it did is spread over the last
hour, so that charts have something to tell.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from ergate.api.app import create_api
from ergate.api.desk import Place
from ergate.api.security import Security
from ergate.brokers.broker import Broker
from ergate.brokers.opening import open_broker
from ergate.client import Wish
from ergate.contracts.state_store import JobFilter
from ergate.jobs.status import JobStatus
from ergate.settings import Settings
from ergate.testing.fleet import eventually
from tests.api.served import served
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.crews import ROOT, microservices, workers
from tests.browser.demo import app

IMAGES = ROOT / "docs" / "images"
TOKEN = "a token for the pictures only"
JOBS = 260
HOUR_S = 3600.0
NAMES = ("ada", "alan", "barbara", "donald", "edsger", "frances", "grace", "margaret")
TIMES = ("created_at", "updated_at", "finished_at", "claimed_at", "due_at")

_chance = random.Random(7)


def hand_in(place: Place, many: int) -> None:
    """Hand in jobs of all kinds."""
    for number in range(many):
        kind = number % 8
        if kind == 6:
            place.client.enqueue("sales-report", date(2030, 1, 1 + number % 28), Wish())
        elif kind == 7:
            place.client.enqueue("newsletter", f"2030-{1 + number % 12:02}", Wish(queue="mails"))
        elif kind == 5:
            text = f"THE SUN WILL RISE {number} TIMES"
            place.client.enqueue("process-text", {"message": text}, Wish())
        else:
            place.client.enqueue("order", _order(), Wish())


def _order() -> dict[str, object]:
    who = f"{_chance.choice(NAMES)}.{_chance.randrange(900)}@example.org"
    lines = [{"sku": f"TEA-{_chance.randrange(99):03}", "quantity": _chance.choice((1, 1, 2, 24))}]
    return {"customer": who, "lines": lines}


def spread(database: Path) -> None:
    """Move what happened into the last hour, each job as a whole, and as if all waited briefly."""
    with closing(sqlite3.connect(database)) as store, store:
        for (job_id,) in store.execute("SELECT id FROM jobs WHERE finished_at > 0").fetchall():
            claims = "SELECT min(claimed_at) FROM history WHERE job_id = ?"
            (first,) = store.execute(claims, (job_id,)).fetchone()
            came = first - _chance.uniform(0.05, 0.9)
            store.execute("UPDATE jobs SET created_at = ? WHERE id = ?", (came, job_id))
            submitted = "UPDATE history SET at = ? WHERE job_id = ? AND event = 'submitted'"
            store.execute(submitted, (came, job_id))
            back_s = HOUR_S * (1 - _chance.random() ** 0.8) * 0.98
            moved = ", ".join(f"{name} = {name} - ?" for name in TIMES)
            store.execute(f"UPDATE jobs SET {moved} WHERE id = ?", (*[back_s] * len(TIMES), job_id))
            moved = "at = at - ?, claimed_at = claimed_at - ?"
            store.execute(f"UPDATE history SET {moved} WHERE job_id = ?", (back_s, back_s, job_id))


def counted(broker: Broker, *statuses: JobStatus) -> int:
    counts = broker.store.count(JobFilter())
    return sum(counts.get(status, 0) for status in statuses)


def live(page: Page, path: str) -> None:
    """Open a page and wait until it has what it shows."""
    page.goto(f"/#/{path}")
    page.reload()
    page.locator(".link.is-live").wait_for()
    page.locator(".card").last.wait_for()
    page.wait_for_timeout(1500)  # charts and durations come after the rest


def save(page: Page, name: str, *, height: int) -> None:
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": size["width"], "height": height})
    page.screenshot(path=IMAGES / f"{name}.png")
    kilobytes = (IMAGES / f"{name}.png").stat().st_size // 1000
    print(f"docs/images/{name}.png: {kilobytes} kB")


def take(page: Page, place: Place) -> None:
    """Take the pictures of light pages."""
    live(page, "")
    save(page, "dashboard-overview", height=836)
    failed = place.broker.store.list(JobFilter(status=JobStatus.FAILED, workflow="order"))
    declined = next(one for one in failed if "PaymentDeclined" in (one.error or ""))
    live(page, f"jobs/{declined.id}")
    save(page, "dashboard-job", height=900)
    live(page, "workflows/order")
    save(page, "dashboard-workflow", height=850)
    live(page, "services")
    for button in page.get_by_role("button", name="Ping").all():
        button.click()
    page.get_by_text("answers in").last.wait_for()
    save(page, "dashboard-services", height=440)
    # By now some of the newest have ended, some run and some wait.
    live(page, "jobs")
    save(page, "dashboard-jobs", height=760)


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = f"sqlite:///{directory}/jobs.db"
        broker = open_broker(address, None)
        assert isinstance(broker, Broker)
        stack.callback(broker.close)
        settings = Settings(allowed_services=["loopback"])
        place = Place(broker=broker, registry=app.registry, settings=settings)
        stack.enter_context(microservices(place.catalog))
        hand_in(place, JOBS)
        with workers(address, directory / "log", "--burst", pace_s=0.25):
            ended = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.ABORTED)
            eventually("all jobs end", lambda: counted(broker, *ended) == JOBS, 240)
        spread(directory / "jobs.db")
        for minutes in (5, 25, 90):
            place.client.enqueue("newsletter", "2030-12", Wish(queue="mails", in_s=minutes * 60))
        stack.enter_context(workers(address, directory / "log", pace_s=1.6))
        hand_in(place, 60)
        eventually("workers work", lambda: counted(broker, JobStatus.RUNNING) > 10, 60)
        origin = stack.enter_context(served(create_api(place, Security(token=TOKEN))))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        stack.callback(browser.close)

        def open_page(width: int, scheme: Literal["light", "dark"]) -> Page:
            context = browser.new_context(
                base_url=origin, viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            context.request.post("/api/v1/session", data={"token": TOKEN})
            return context.new_page()

        take(open_page(1200, "light"), place)
        dark = open_page(1200, "dark")
        live(dark, "")
        save(dark, "dashboard-dark", height=836)
        phone = open_page(390, "light")
        live(phone, "")
        save(phone, "dashboard-phone", height=844)


if __name__ == "__main__":
    main()
