"""`ergate feeds`: what `publish_to` has still to tell."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ergate.cli.confirming import YesOption, confirm
from ergate.cli.options import JsonOption, examples_text, new_app
from ergate.cli.place import Place, with_place
from ergate.cli.printing import print_json, print_line, show
from ergate.errors import BackendUnavailable, ErgateError, NotFoundError

if TYPE_CHECKING:
    from ergate.brokers.broker import Broker
    from ergate.contracts.backend import Finding, FindingLevel
    from ergate.contracts.feed import FeedInfo

app = new_app(
    "Feeds: what publish_to has still to tell.",
    "ergate feeds list",
    "ergate feeds drop kafka://k1:9092",
)

_BEHIND_S = 60.0
"""A feed that is further behind than that is worth a warning."""


@app.command("list", epilog=examples_text("ergate feeds list", "ergate feeds list --json"))
@with_place
def list_feeds(place: Place, *, as_json: JsonOption = False) -> None:
    """List the feeds of the store: how many events wait, since when, and whether somebody reads."""
    from ergate.display.fleet import feeds_table
    from ergate.documents.stored import feed_document

    with place.broker() as broker:
        feeds = broker.store.feeds()
    now = time.time()
    if as_json:
        print_json([feed_document(info, now) for info in feeds])
    else:
        show(feeds_table(feeds, now))


@app.command("drop", epilog=examples_text("ergate feeds drop kafka://k1:9092 --yes"))
@with_place
def drop(
    place: Place,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The feed, as `list` shows it.")],
    *,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Forget a feed that nobody reads any more; what it has not told is never told.

    A supervisor whose publish_to names the address opens a new feed, which begins then.
    """
    from ergate.display.figures import counted

    with place.broker() as broker:
        feeds = {info.name: info for info in broker.store.feeds()}
        if name not in feeds:
            known = ", ".join(sorted(feeds)) or "none"
            raise NotFoundError(f'There is no feed "{name}". Feeds: {known}.')
        waiting = feeds[name].waiting
        confirm(f"{counted(waiting, 'event')} of {name} would never be told.", yes=yes)
        broker.store.drop_feed(name)
    if as_json:
        print_json({"feed": name, "dropped_events": waiting})
    else:
        print_line(f"Dropped {name} with {counted(waiting, 'event')}")


def feed_findings(place: Place, broker: Broker) -> Iterator[Finding]:
    """Tell of each feed how far it is behind, and of those that nobody reads."""
    from ergate.contracts.address import Address
    from ergate.contracts.backend import Finding
    from ergate.contracts.capabilities import Capability
    from ergate.supervisor.publishing import feed_name

    if Capability.FEEDS not in broker.store.capabilities:
        return
    wanted = {feed_name(Address.parse(text)) for text in place.settings.publish_to}
    for info in broker.store.feeds():
        level, advice = _judged(info, is_wanted=info.name in wanted)
        yield Finding(level=level, subject="feed", detail=_told(info), advice=advice)


def journal_findings(place: Place) -> Iterator[Finding]:
    """Tell what is seen at each address of publish_to."""
    from ergate.cli.addresses import backend_findings
    from ergate.contracts.address import Address
    from ergate.contracts.backend import Finding

    for text in place.settings.publish_to:
        address = Address.parse(text)
        yield Finding(level="ok", subject="publish_to", detail=str(address))
        try:
            yield from backend_findings(address, "journal")
        except BackendUnavailable as exc:
            advice = "Jobs go on, and events wait in the store until it is back."
            yield Finding(level="warning", subject="publish_to", detail=str(exc), advice=advice)
        except ErgateError as exc:
            yield Finding(level="problem", subject="publish_to", detail=str(exc))


def _judged(info: FeedInfo, *, is_wanted: bool) -> tuple[FindingLevel, str]:
    now = time.time()
    if info.holder is None and not is_wanted and info.held_until < now - _BEHIND_S:
        return "warning", (
            "It keeps a copy of every transition for a reader that does not come. Name its address "
            f"in publish_to, or forget it: ergate feeds drop '{info.name}'"
        )
    if info.oldest_at is not None and info.oldest_at < now - _BEHIND_S:
        return "warning", "Look at the log of `ergate run`: the journal may be away or slow."
    return "ok", ""


def _told(info: FeedInfo) -> str:
    from ergate.display.figures import age, counted

    now = time.time()
    reader = "somebody reads it" if info.holder else "nobody reads it now"
    if info.oldest_at is None:
        return f"{info.name}: all is told, {reader}"
    oldest = age(max(0.0, now - info.oldest_at))
    return (
        f"{info.name}: {counted(info.waiting, 'event')} behind, the oldest {oldest} old; {reader}"
    )
