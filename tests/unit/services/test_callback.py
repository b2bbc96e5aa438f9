"""A callback address names one step of one job, and nobody else can make one."""

from __future__ import annotations

import base64

import pytest

from ergate.errors import SettingsError
from ergate.services.callback import CallbackAddresses, WaitingPlace
from ergate.services.webhook import SigningKey
from ergate.settings import Settings

OLD, NEW, STRANGE = (SigningKey(bytes([n]) * 32) for n in range(3))
BASE = "https://ergate.example"
PLACE = WaitingPlace("order-7", 3)


def name_of(place: WaitingPlace, key: SigningKey = NEW) -> str:
    callback = CallbackAddresses(BASE, [key]).offer(place)
    assert callback is not None
    assert callback.url.startswith(f"{BASE}/c/")
    return callback.url.removeprefix(f"{BASE}/c/")


@pytest.mark.parametrize("job_id", ["order-7", "a/b", "..", "é %2F\n", "x" * 255, "a.1"])
def test_an_address_leads_back_to_its_place(job_id: str) -> None:
    place = WaitingPlace(job_id, 12)
    name = name_of(place)
    assert CallbackAddresses(None, [NEW]).read(name) == place
    assert name.isascii()
    assert "/" not in name


def test_the_first_key_signs_and_all_are_believed() -> None:
    both = CallbackAddresses(BASE, [NEW, OLD])
    assert both.offer(PLACE) == CallbackAddresses(BASE, [NEW]).offer(PLACE)
    assert both.read(name_of(PLACE, OLD)) == PLACE
    assert both.read(name_of(PLACE, STRANGE)) is None


def test_nothing_of_an_address_can_be_changed() -> None:
    addresses = CallbackAddresses(BASE, [NEW])
    name = name_of(PLACE)
    job, seq, signature = name.split(".")
    other = base64.urlsafe_b64encode(b"order-8").decode().rstrip("=")
    wrong = [
        f"{other}.{seq}.{signature}",
        f"{job}.4.{signature}",
        f"{job}.03.{signature}",
        f"{job}.+3.{signature}",
        f"{job}=.{seq}.{signature}",
        f"{job}.{seq}.{signature[:-1]}",
        f"{job}.{seq}.",
        f"{job}.{seq}",
        f"{job}.{seq}.{signature}.",
        f"{job}.{seq}.{signature.swapcase()}",
        f"{job}.{seq}.é\ud800",
        "",
        ".",
        "..",
        f"{job}.{'9' * 5000}.{signature}",
    ]
    assert [text for text in wrong if addresses.read(text) is not None] == []


@pytest.mark.parametrize("addresses", [CallbackAddresses(BASE), CallbackAddresses(None, [NEW])])
def test_without_an_address_or_a_key_none_is_offered(addresses: CallbackAddresses) -> None:
    assert not addresses.can_be_made
    assert addresses.offer(PLACE) is None


def test_without_keys_none_is_believed() -> None:
    assert CallbackAddresses(BASE).read(name_of(PLACE)) is None


def test_an_address_does_not_show_itself() -> None:
    callback = CallbackAddresses(BASE, [NEW]).offer(PLACE)
    assert callback is not None
    assert name_of(PLACE) not in repr(callback)
    assert callback.secrets == (callback.url, name_of(PLACE))


def test_they_are_made_of_the_settings() -> None:
    settings = Settings(public_url=f"{BASE}/", signing_keys=[NEW.text])
    assert CallbackAddresses.of(settings) == CallbackAddresses(BASE, (NEW,))
    with pytest.raises(SettingsError, match="whsec_"):
        CallbackAddresses.of(Settings(signing_keys=["short"]))
