"""Services and definitions in files: read, registered one by one, and every fault told at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ergate.cli.printing import tell
from ergate.errors import UsageError

if TYPE_CHECKING:
    from ergate.brokers.broker import Broker
    from ergate.cli.place import Place
    from ergate.services.catalog import Catalog

K = TypeVar("K")

FilesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Files with one JSON document each, - for standard input, or directories.",
    ),
]


def catalog_of(place: Place, broker: Broker) -> Catalog:
    """Return what is registered in the store; names of the app's workflows are taken."""
    from ergate.services.catalog import Catalog

    registry = place.registry
    return Catalog(broker.store, None if registry is None else registry.__contains__)


def register_files(
    files: Sequence[str], pattern: str, register: Callable[[object], K]
) -> tuple[list[K], bool]:
    """Register what each file holds; return what was, and whether that is everything.

    Of a directory the files that match `pattern` are read. What is wrong with a file is told on
    stderr with its name, and the others are registered all the same. Raises `BackendError`.
    """
    done: list[K] = []
    problems = 0
    for file in _each_file(files, pattern):
        try:
            done.append(register(_document(file)))
        except UsageError as exc:
            tell(f"error: {'standard input' if file is None else file}: {exc}")
            problems += 1
    return done, problems == 0


def _each_file(files: Sequence[str], pattern: str) -> Iterator[Path | None]:
    """Yield the files; None stands for standard input."""
    for name in files:
        path = Path(name)
        if name == "-":
            yield None
        elif path.is_dir():
            found = sorted(path.glob(pattern))
            if not found:
                tell(f"note: {path} has no file named {pattern}.")
            yield from found
        else:
            yield path


def _document(file: Path | None) -> object:
    """Return the JSON of a file. Raises `UsageError`, in words that go on after its name."""
    try:
        text = sys.stdin.read() if file is None else file.read_text("utf-8")
        return json.loads(text)
    except OSError as exc:
        raise UsageError(f"cannot be read: {exc.strerror}.") from exc
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"is no JSON: {exc}.") from exc
