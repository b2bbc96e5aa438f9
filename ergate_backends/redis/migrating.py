"""The versions of what is kept in Redis, and the steps from one to the next."""

from __future__ import annotations

from ergate.contracts.activity import FAILED_STATUSES
from ergate.errors import SchemaError
from ergate.jobs.status import JobStatus
from ergate_backends.redis.server import Server

SCHEMA_VERSION = 2
"""2 has the indexes of ended jobs that charts are drawn from."""
PAGE = 500


def migrate(server: Server) -> None:
    """Bring what is stored to this version. Raises `SchemaError` for a newer one.

    Every step may run twice, and beside workers; the version is written when all have ended.
    """
    key = server.key("schema")
    server.command("SET", key, SCHEMA_VERSION, "NX")
    found = int(server.command("GET", key))
    if found > SCHEMA_VERSION:
        raise SchemaError(
            f"The jobs in Redis have schema version {found}, newer than this version of Ergate "
            f"knows ({SCHEMA_VERSION}). Upgrade Ergate, or use another ?prefix=."
        )
    if found < SCHEMA_VERSION:
        _index_what_ended(server)
        server.command("SET", key, SCHEMA_VERSION)


def _index_what_ended(server: Server) -> None:
    for status in (JobStatus.COMPLETED, *FAILED_STATUSES):
        index, cursor = server.key("status", status), 0
        while True:
            cursor, page = server.command("ZSCAN", index, cursor, "COUNT", PAGE)
            ids = [job_id.decode() for job_id, _ in page]
            server.run("index_ended", *ids, repeatable=True)
            if not int(cursor):
                break
