"""The types of setting values, each forgiving about how a person or a shell writes it."""

from __future__ import annotations

import json
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ergate.contracts.address import Address
from ergate.durations import parse_duration
from ergate.errors import SettingsError

# TOML and the environment have no null, so these words stand for "no limit".
_ADDRESS_BREAK = re.compile(r"\s*,\s*(?=[A-Za-z][A-Za-z0-9+.-]*://)|\s+")
_BASE_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_NOTHING = frozenset({"none", "never", "off"})


def _or_none(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() in _NOTHING else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _not_a_truth(value: object) -> object:
    if isinstance(value, bool):
        # pydantic would read `true` as 1.
        raise ValueError("a number is expected, not a truth value")  # noqa: TRY004 - for pydantic
    return value


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _split_addresses(value: object) -> object:
    if _or_none(value) is None:
        return []
    # An address may have commas within, between its hosts.
    return _ADDRESS_BREAK.split(value.strip()) if isinstance(value, str) else value


def _each_once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _check_address(text: str) -> str:
    try:
        return Address.parse(text).url
    except SettingsError as exc:
        raise ValueError(str(exc)) from exc


def _table(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


def _check_base(text: str) -> str:
    base = text.strip().rstrip("/")
    if not _BASE_URL.fullmatch(base):
        raise ValueError("a URL with http or https and a host, without a query, is expected")
    return base


AddressText = Annotated[str, AfterValidator(_check_address)]
AddressTexts = Annotated[
    list[AddressText], BeforeValidator(_split_addresses), AfterValidator(_each_once)
]
QueueName = Annotated[str, Field(pattern=r"^[^\s,]+$")]
QueueNames = Annotated[
    list[QueueName], BeforeValidator(_split), Field(min_length=1), AfterValidator(_each_once)
]
Count = Annotated[int, BeforeValidator(_not_a_truth), Field(ge=1)]
OptionalCount = Annotated[Count | None, BeforeValidator(_or_none)]
ProcessCount = Annotated[Count | Literal["auto"], BeforeValidator(_lower)]
Duration = Annotated[float, BeforeValidator(parse_duration), Field(gt=0)]
Wait = Annotated[float, BeforeValidator(parse_duration), Field(ge=0)]
OptionalDuration = Annotated[Duration | None, BeforeValidator(_or_none)]
LogFormat = Annotated[Literal["console", "json"], BeforeValidator(_lower)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
Entries = Annotated[list[str], BeforeValidator(_split), AfterValidator(_each_once)]
Tables = Annotated[dict[str, dict[str, object]], BeforeValidator(_table)]
BaseUrl = Annotated[str, AfterValidator(_check_base)]
# Short ones could be guessed, and other characters do not travel in a header.
Token = Annotated[str, Field(min_length=16, max_length=1000, pattern=r"^[!-~]+$")]
