"""The parsed source files that the architecture tests look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ergate", "ergate_backends")


@dataclass(frozen=True)
class Source:
    """One Python file of the packages, read and parsed once."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()


def read_sources(*packages: str) -> list[Source]:
    """Return every Python file below `packages` (default: both), in order of their paths."""
    paths = [path for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [_read(path) for path in sorted(paths)]


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted name of each module that `tree` imports, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path, text, ast.parse(text, filename=str(path)))
