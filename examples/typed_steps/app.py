import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel

from ergate import Ergate, Workflow

app = Ergate()
workflow = Workflow(unique_name="invoice")


class Currency(StrEnum):
    EUR = "EUR"
    USD = "USD"


class Line(BaseModel):
    title: str
    price: Decimal
    quantity: int = 1


class Order(BaseModel):
    id: UUID
    placed_at: datetime
    currency: Currency
    lines: list[Line]


@dataclass(frozen=True)
class Invoice:
    order_id: UUID
    total: Decimal
    currency: Currency
    due: date
    may_wait: timedelta


@dataclass(frozen=True)
class Sealed:
    invoice: Invoice
    seal: bytes


@workflow.step
def price(order: Order) -> Invoice:
    total = sum((line.price * line.quantity for line in order.lines), Decimal(0))
    may_wait = timedelta(days=14)
    due = (order.placed_at + may_wait).date()
    return Invoice(order.id, total, order.currency, due, may_wait)


@workflow.step
def seal(invoice: Invoice) -> Sealed:
    text = f"{invoice.order_id} {invoice.total} {invoice.currency} {invoice.due}"
    return Sealed(invoice, hashlib.sha256(text.encode()).digest()[:4])


@workflow.step
def show(sealed: Sealed) -> dict[Currency, Decimal]:
    for name, value in vars(sealed.invoice).items():
        print(f"{name:9} {type(value).__name__:9} {value}")
    print(f"{'seal':9} {type(sealed.seal).__name__:9} {sealed.seal!r}")
    return {sealed.invoice.currency: sealed.invoice.total}


app.register_workflow(workflow)

ORDER = Order(
    id=UUID("0b0d5dc6-2c5f-4a6e-9a51-3a6e2f1c7d10"),
    placed_at=datetime(2026, 2, 20, 9, 30, tzinfo=UTC),
    currency=Currency.EUR,
    lines=[
        Line(title="Tea", price=Decimal("3.50"), quantity=3),
        Line(title="Cup", price=Decimal("0.10")),
    ],
)

if __name__ == "__main__":
    job = app.enqueue("invoice", ORDER)
    app.run(burst=True)
    print(app.get_job(job.id).last_return_value)
