"""The services of a shop, to try out `workflow-order.json`: run `uvicorn shop:app --port 5004`.

The first charge of each order fails with 503, as if the bank were busy, and the card
`tok_declined` is declined.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse
from pydantic import BaseModel

app = FastAPI()
seen: set[str] = set()
receipts: dict[str, str] = {}


class Charge(BaseModel):
    amount: float
    currency: str
    card: str


class Parcel(BaseModel):
    address: dict[str, Any]
    items: list[dict[str, Any]]


class Mail(BaseModel):
    to: str
    template: str
    values: dict[str, Any]


@app.post("/charges")
def charge(charge: Charge, idempotency_key: Annotated[str, Header()]) -> JSONResponse:
    if idempotency_key not in seen:
        seen.add(idempotency_key)
        return JSONResponse({"error": {"message": "The bank is busy."}}, 503)
    if charge.card == "tok_declined":
        error = {"name": "CardDeclined", "message": "The bank does not pay for this card."}
        return JSONResponse({"error": error}, 402)
    # The same key again is the same charge: a call that is repeated charges nobody twice.
    receipt = receipts.setdefault(idempotency_key, f"R-{len(receipts) + 1}")
    return JSONResponse({"receipt": receipt})


@app.post("/parcels")
def ship(parcel: Parcel) -> dict[str, str]:
    return {"tracking": f"{parcel.address['city']}-{len(parcel.items)}"}


@app.post("/mails", status_code=204)
def send(mail: Mail) -> None:
    print(f"To {mail.to}: {mail.template}, {mail.values}", flush=True)
