"""The schema's versions: numbered files, each a step from the version before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib import resources

SCHEMA_VERSION = 5
"""What this code works with: the number of the last file in `schema/`."""


def apply_steps(tx: sqlite3.Connection, above: int) -> None:
    """Run every step after version `above` in the caller's transaction."""
    directory = resources.files(__package__).joinpath("schema")
    for file in sorted(directory.iterdir(), key=lambda entry: entry.name):
        number, _, _ = file.name.partition("_")
        if number.isdigit() and int(number) > above:
            for statement in statements(file.read_text()):
                tx.execute(statement)
            tx.execute(f"PRAGMA user_version = {int(number)}")


def statements(text: str) -> Iterator[str]:
    """Yield statements one by one; a trigger has semicolons of its own."""
    statement = ""
    for line in text.splitlines():
        statement += line.split("--")[0] + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
