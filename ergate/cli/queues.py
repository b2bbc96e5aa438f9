"""`ergate queues`: what waits, and what nobody could understand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from ergate.cli.confirming import YesOption, confirm
from ergate.cli.options import JsonOption, examples_text, new_app
from ergate.cli.place import Place, with_place
from ergate.cli.printing import print_json, print_line, show, tell
from ergate.cli.queues_move import EXAMPLES as MOVE_EXAMPLES
from ergate.cli.queues_move import move
from ergate.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ergate.brokers.broker import Broker
    from ergate.contracts.state_store import DeadLetter

app = new_app(
    "Queues, what waits in them, and dead letters.",
    "ergate queues list",
    "ergate queues purge mails --yes",
    "ergate queues move --to postgres://db.example/shop",
    "ergate queues dead list",
)
dead = new_app("Messages that nobody could understand.", "ergate queues dead list")
app.add_typer(dead, name="dead")

_ALL = 1_000_000


@app.command("list", epilog=examples_text("ergate queues list", "ergate queues list --json"))
@with_place
def list_queues(place: Place, *, as_json: JsonOption = False) -> None:
    """List the queues that have jobs: ready, scheduled and running, and the age of the oldest."""
    from ergate.display.fleet import queues_table
    from ergate.documents.stored import queue_document

    with place.broker() as broker:
        queues = broker.store.queues()
    now = time.time()
    if as_json:
        print_json([queue_document(stats, now) for stats in queues])
    else:
        show(queues_table(queues, now))


@app.command("purge", epilog=examples_text("ergate queues purge mails --yes"))
@with_place
def purge(
    place: Place,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the queue.")],
    *,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Cancel every job that waits in a queue, ready or scheduled; running ones go on."""
    from ergate.display.figures import counted

    with place.broker(orders="cancel the jobs of a queue") as broker:
        stats = {one.queue: one for one in broker.store.queues()}
        if name not in stats:
            known = ", ".join(sorted(stats)) or "none"
            raise NotFoundError(f'No job waits in a queue "{name}". Queues with jobs: {known}.')
        waiting = stats[name].ready + stats[name].scheduled
        if waiting:
            confirm(f'{counted(waiting, "job")} in queue "{name}" would be cancelled.', yes=yes)
        number = broker.store.purge(name)
    if as_json:
        print_json({"queue": name, "cancelled": number})
    else:
        print_line(f"{counted(number, 'job')} cancelled")


app.command("move", epilog=examples_text(*MOVE_EXAMPLES))(move)


# --- dead letters ---------------------------------------------------------------------------------


@dead.command(
    "list", epilog=examples_text("ergate queues dead list", "ergate queues dead list --json")
)
@with_place
def list_dead(
    place: Place,
    *,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="At most so many letters.")
    ] = 100,
    as_json: JsonOption = False,
) -> None:
    """List what nobody could understand, the newest first, with the reason."""
    from ergate.display.fleet import dead_letters_table
    from ergate.documents.stored import letter_document

    with place.broker() as broker:
        letters = broker.store.dead_letters(limit)
    if as_json:
        print_json([letter_document(letter) for letter in letters])
    else:
        show(dead_letters_table(letters, time.time()))


@dead.command(
    "show", epilog=examples_text("ergate queues dead show 5f0c3f2e-8d1b-5c55-9a3d-0d1f7c1b2a3e")
)
@with_place
def show_dead(
    place: Place,
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The dead letter's id.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Show one dead letter: where it came from, the reason, and all of its bytes."""
    from ergate.display.letters import letter_detail
    from ergate.documents.stored import letter_document

    with place.broker() as broker:
        letter = _letters(broker, [letter_id])[0]
    if as_json:
        print_json(letter_document(letter))
    else:
        show(letter_detail(letter, time.time()))


@dead.command(
    "requeue",
    epilog=examples_text("ergate queues dead requeue 5f0c3f2e-8d1b-5c55-9a3d-0d1f7c1b2a3e"),
)
@with_place
def requeue_dead(
    place: Place,
    letter_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="The letters' ids.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Read dead letters once more and hand in their jobs; what is still unclear stays.

    Doing it twice makes no second job. Exit code 1 when a letter stays.
    """
    from ergate.brokers.requeue import StillDead, requeue

    done, stayed = [], []
    with place.broker() as broker:
        for letter in _letters(broker, letter_ids):
            try:
                job_id = requeue(broker, letter, place.limits, place.registry)
                done.append({"letter": letter.id, "job": job_id})
            except StillDead as exc:
                stayed.append({"letter": letter.id, "reason": str(exc)})
    if as_json:
        print_json({"requeued": done, "stayed": stayed})
    else:
        for one in done:
            print_line(f"{one['letter']} is job {one['job']}")
    for one in stayed:
        tell(f"error: letter {one['letter']} stays: {one['reason']}")
    if stayed:
        raise typer.Exit(1)


def _letters(broker: Broker, ids: Sequence[str]) -> list[DeadLetter]:
    """Return the letters with these ids; raises `NotFoundError` before anything is done."""
    found = {letter.id: letter for letter in broker.store.dead_letters(_ALL)}
    missing = [letter_id for letter_id in ids if letter_id not in found]
    if missing:
        raise NotFoundError(
            f'There is no dead letter "{missing[0]}". See `ergate queues dead list`.'
        )
    return [found[letter_id] for letter_id in dict.fromkeys(ids)]
