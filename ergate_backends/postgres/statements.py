"""The SQL files, with the names of the schema and of the columns filled in."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from ergate_backends.postgres.rows import HISTORY_FIELDS, JOB_FIELDS

NOW = "coalesce(%(now)s::float8, extract(epoch FROM clock_timestamp())::float8)"
"""The time given by a test that owns the clock, else the server's."""

CLAIMERS = "1701996391"
"""The first half of the advisory locks on worker ids: a number of our own."""

_COLUMNS = {
    "now": NOW,
    "claimers": CLAIMERS,
    "job_columns": ", ".join(JOB_FIELDS),
    "job_columns_of_job": ", ".join(f"job.{name}" for name in JOB_FIELDS),
    "job_columns_of_new": ", ".join(f"new.{name}" for name in JOB_FIELDS),
    "history_columns": ", ".join(HISTORY_FIELDS),
    "history_columns_of_rows": ", ".join(f"rows.{name}" for name in HISTORY_FIELDS),
}


class Statements:
    """Every statement for one schema; `statements("claim")` is the text of `sql/claim.sql`."""

    def __init__(self, schema: str) -> None:
        self.schema = quoted(schema)
        self._made: dict[str, bytes] = {}

    def __call__(self, name: str) -> bytes:
        """Return the statement of a file as psycopg takes it."""
        return self._made.get(name) or self._keep(name, _file(name))

    def of(self, text: str) -> bytes:
        """Return a statement from its text, which is one of a few."""
        return self._made.get(text) or self._keep(text, text)

    def _keep(self, key: str, text: str) -> bytes:
        made = self._made[key] = self.fill(text)
        return made

    def variant(self, name: str, **parts: str) -> bytes:
        """Return a statement whose text has further places to fill."""
        return self.fill(_file(name), **parts)

    def fill(self, text: str, **parts: str) -> bytes:
        """Return a statement of this schema from its text."""
        return filled(text, {"schema": self.schema} | _COLUMNS | parts).encode()


def quoted(identifier: str) -> str:
    """Return an identifier as SQL quotes it."""
    return '"' + identifier.replace('"', '""') + '"'


def filled(text: str, parts: dict[str, str]) -> str:
    """Return `text` with each `{name}` replaced by its part."""
    return re.sub(r"\{(\w+)\}", lambda place: parts[place[1]], text)


@cache
def _file(name: str) -> str:
    text = resources.files(__package__).joinpath("sql", f"{name}.sql").read_text()
    # Comments are for readers, and an apostrophe or a percent sign in one would confuse psycopg.
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
