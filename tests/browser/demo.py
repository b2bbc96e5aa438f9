"""A shop whose workflows take their time, fail now and then, and look like somebody's own."""

from __future__ import annotations

import os
import time
import zlib
from datetime import date
from typing import Literal, NoReturn

from pydantic import BaseModel, Field

from ergate import AbortJob, Ergate, GoToStep, GoToStepPath, Retry, Workflow

PACE_S = float(os.environ.get("DEMO_PACE_S", "0.25"))
"""How long a step of middling length takes; 0 for tests that only want them to run."""

app = Ergate()
order = Workflow("order")
newsletter = Workflow("newsletter")
report = Workflow("sales-report")
thumbnails = Workflow("thumbnails")


class PaymentDeclined(Exception):
    """The bank said no."""


class Line(BaseModel):
    sku: str = Field(description="The article's number", examples=["TEA-042"])
    quantity: int = Field(default=1, ge=1)


class Order(BaseModel):
    customer: str = Field(description="Who ordered", examples=["ada@example.org"])
    lines: list[Line] = Field(description="What was ordered")
    payment: Literal["card", "invoice", "voucher"] = "card"
    is_gift: bool = Field(default=False, description="Wrap it, and leave the prices out")
    deliver_on: date | None = Field(default=None, description="Not before this day")


class Charged(BaseModel):
    customer: str
    articles: int
    receipt: str


def luck(text: str) -> int:
    """Return a number from 0 to 99 that a text decides."""
    return zlib.crc32(text.encode()) % 100


def work(part: float = 1.0) -> None:
    time.sleep(PACE_S * part)


@order.step(retry=Retry(attempts=3, initial_s=0.3, on=(ConnectionError,)))
def check_stock(placed: Order) -> Order:
    work(0.4)
    if luck(placed.customer) < 6:
        raise ConnectionError("the warehouse does not answer: connection reset by peer")
    return placed


@order.step(paths=[GoToStepPath("hold_for_review", retval=Charged)])
def charge(placed: Order) -> Charged:
    work(1.2)
    number = luck(f"{placed.customer} pays")
    if number < 9:
        raise PaymentDeclined("The bank declined the card: insufficient funds (51).")
    articles = sum(line.quantity for line in placed.lines)
    charged = Charged(customer=placed.customer, articles=articles, receipt=f"R-{number:05}")
    if articles > 20:
        raise GoToStep("hold_for_review", charged)
    return charged


@order.step
def pack(charged: Charged) -> Charged:
    work(1.6)
    return charged


@order.step(timeout_s=30, paths=[GoToStepPath("tell_customer", retval=str)])
def ship(charged: Charged) -> NoReturn:
    work(0.8)
    raise GoToStep("tell_customer", f"shipped, receipt {charged.receipt}")


@order.step
def hold_for_review(charged: Charged) -> str:
    work(0.5)
    return f"{charged.articles} articles are looked at by hand"


@order.step(queue="mails")
def tell_customer(what: str) -> str:
    work(0.3)
    return what


@newsletter.step
def choose_readers(issue: str) -> list[str]:
    work(0.6)
    return [f"reader-{number}@example.org" for number in range(3)]


@newsletter.step(queue="mails")
def send(readers: list[str]) -> int:
    work(2)
    return len(readers)


@report.step
def gather(day: date) -> dict[str, int]:
    work(2.4)
    if day.weekday() > 4:
        raise AbortJob(f"{day:%A} has no sales")
    return {"orders": 128, "returned": 3}


@report.step
def publish(figures: dict[str, int]) -> str:
    work(0.4)
    return f"{figures['orders']} orders"


@thumbnails.step(queue="images")
def scale(path: str) -> str:
    work(3)
    return f"{path}@2x"


for workflow in (order, newsletter, report, thumbnails):
    app.register_workflow(workflow)
