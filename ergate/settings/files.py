"""Settings from `ergate.toml`, else from `[tool.ergate]` in `pyproject.toml`, with profiles."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ergate.errors import SettingsError, did_you_mean

OWN_FILE = "ergate.toml"
PROJECT_FILE = "pyproject.toml"
PROFILES = "profiles"


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The settings that one file gives; `label` is how messages name it."""

    path: Path
    label: str
    values: Mapping[str, object]
    profiles: Mapping[str, Mapping[str, object]]
    text: str

    def origin(self, key: str) -> str:
        """Return where a top-level setting stands, with the line where that is plain to see."""
        if self.path.name != OWN_FILE:
            return self.label
        for number, line in enumerate(self.text.splitlines(), start=1):
            if line.lstrip().startswith("["):
                break
            if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return f"{self.label}:{number}"
        return self.label

    def profile(self, name: str) -> Mapping[str, object]:
        """Return a profile's values; raises `SettingsError` with the nearest name."""
        if name not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "none"
            raise SettingsError(
                f'{self.label} has no profile "{name}". Known: {known}.'
                f"{did_you_mean(name, self.profiles)} A profile is a table [{PROFILES}.NAME]."
            )
        return self.profiles[name]


def find_settings_file(directory: Path, known: Collection[str]) -> SettingsFile | None:
    """Return the nearest file with settings, from `directory` up to the root of its project.

    The root is the nearest directory with a `pyproject.toml` or `.git`; without one only
    `directory` itself is looked at, so that a stray file above, as in `/tmp`, is never obeyed.
    Raises `SettingsError` for a file that cannot be read and for a key not in `known`.
    """
    start = directory.resolve()
    places = [start, *start.parents]
    root = next((i for i, place in enumerate(places) if _is_root(place)), 0)
    for place in places[: root + 1]:
        for name in (OWN_FILE, PROJECT_FILE):
            found = _read(place / name, start)
            if found is not None:
                _check_keys(found, known)
                return found
    return None


def _is_root(place: Path) -> bool:
    return (place / PROJECT_FILE).is_file() or (place / ".git").exists()


def _read(path: Path, start: Path) -> SettingsFile | None:
    if not path.is_file():
        return None
    label = os.path.relpath(path, start)
    try:
        text = path.read_text("utf-8")
        table: object = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as exc:
        raise SettingsError(f"{label} cannot be read: {exc}. It must be a TOML file.") from exc
    if path.name == PROJECT_FILE:
        label = f"{label} [tool.ergate]"
        table = _tool_table(table)
        if table is None:
            return None
    values = dict(_as_table(table, label))
    profiles = _as_table(values.pop(PROFILES, {}), f"[{PROFILES}] in {label}")
    named = {n: _as_table(t, f"[{PROFILES}.{n}] in {label}") for n, t in profiles.items()}
    return SettingsFile(path, label, values, named, text)


def _tool_table(table: object) -> object:
    tool = table.get("tool") if isinstance(table, dict) else None
    return tool.get("ergate") if isinstance(tool, dict) else None


def _as_table(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise SettingsError(f"{where} must be a table of settings, not {value!r}.")
    return value


def _check_keys(found: SettingsFile, known: Collection[str]) -> None:
    tables = {found.label: found.values}
    tables |= {f"profile {n} in {found.label}": t for n, t in found.profiles.items()}
    for where, table in tables.items():
        for key in table:
            if key not in known:
                raise SettingsError(
                    f'{where}: unknown setting "{key}".{did_you_mean(key, known)} '
                    f"Known: {', '.join(sorted(known))}."
                )
