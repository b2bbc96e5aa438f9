"""`ergate workers`: who works, and on what."""

from __future__ import annotations

import time

from ergate.cli.options import JsonOption, examples_text, new_app
from ergate.cli.place import Place, with_place
from ergate.cli.printing import print_json, show, tell

app = new_app("Worker processes.", "ergate workers list")


@app.callback()
def workers() -> None:
    """Worker processes."""
    # With a callback the one command keeps its name: `ergate workers list`.


@app.command("list", epilog=examples_text("ergate workers list", "ergate workers list --json"))
@with_place
def list_workers(place: Place, *, as_json: JsonOption = False) -> None:
    """List worker processes: where they are, which queues they serve, and how long their lease is.

    A lease that has ended belongs to a worker that is dead or frozen; its jobs are given to others.
    """
    from ergate.display.fleet import workers_table
    from ergate.documents.stored import worker_document

    with place.broker() as broker:
        found = broker.store.workers()
        held = {worker.worker_id: broker.store.held(worker.worker_id) for worker in found}
        if broker.kind == "direct":
            tell("note: a journal has no leases, and cannot tell who works.")
    now = time.time()
    if as_json:
        print_json([worker_document(worker, held[worker.worker_id], now) for worker in found])
    else:
        running = {worker_id: len(jobs) for worker_id, jobs in held.items()}
        show(workers_table(found, now, running=running))
