"""Brings the sources of settings together, and remembers which one gave each value."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pydantic

from ergate.contracts.address import redact, redact_url
from ergate.errors import SettingsError, did_you_mean
from ergate.settings.files import SettingsFile, find_settings_file
from ergate.settings.model import ADDRESSES, HIDDEN, SECRETS, Settings, expected_form

PREFIX = "ERGATE_"
DEFAULT = "default"
# Read elsewhere, on purpose not as settings.
_OTHER_VARIABLES = ("ERGATE_DEBUG", "ERGATE_FAILPOINT", "ERGATE_TEST_")
_NOTHING: Mapping[str, object] = MappingProxyType({})
_SHOWN = 200
# Flags that are shorter than the setting.
_FLAGS = {
    "state_store": "--state",
    "max_rss_mb": "--max-rss",
    "serve_host": "--host",
    "serve_port": "--port",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and for each the source that gave it, as a person would name it."""

    settings: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    """What was found and ignored, such as a misspelt variable."""
    file: Path | None = None
    """The file that was read, if any."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """The values of one source; a later layer overrides an earlier one."""

    values: Mapping[str, object]
    origins: Mapping[str, str] = field(default_factory=dict)


def load_settings(
    flags: Mapping[str, object] = _NOTHING,
    *,
    app_values: Mapping[str, object] = _NOTHING,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Return the settings by flag > environment > file (its profile first) > app > default.

    A flag or app value of None counts as not given, and so does an empty variable.
    Raises `SettingsError` that names the source of a value that cannot be, of an unknown key in
    a file, or of an unknown profile.
    """
    known = Settings.model_fields
    environment = _environment_layer(os.environ if environ is None else environ)
    flagged = _given_layer(flags, flag_of)
    file = find_settings_file(cwd or Path.cwd(), known)
    layers = [
        _given_layer(app_values, lambda _: "app"),
        *_file_layers(file, flagged, environment),
        environment,
        flagged,
    ]
    values: dict[str, object] = {}
    origins = dict.fromkeys(known, DEFAULT)
    for layer in layers:
        values |= layer.values
        origins |= layer.origins
    return Loaded(
        settings=_validated(values, origins),
        origins=MappingProxyType(origins),
        warnings=tuple(_unknown_variables(os.environ if environ is None else environ)),
        file=file.path if file else None,
    )


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def flag_of(name: str) -> str:
    """Return how messages name the flag of a setting; units are left out, as in `--grace`."""
    return "flag " + _FLAGS.get(name, "--" + name.removesuffix("_s").replace("_", "-"))


def _given_layer(given: Mapping[str, object], origin: Callable[[str], str]) -> _Layer:
    unknown = given.keys() - Settings.model_fields.keys()
    if unknown:
        raise TypeError(f"no such settings: {', '.join(sorted(unknown))}")
    values = {name: value for name, value in given.items() if value is not None}
    return _Layer(values, {name: origin(name) for name in values})


def _environment_layer(environ: Mapping[str, str]) -> _Layer:
    names = {name: variable_of(name) for name in Settings.model_fields}
    values = {name: environ[var] for name, var in names.items() if environ.get(var, "").strip()}
    return _Layer(values, {name: f"environment {names[name]}" for name in values})


def _file_layers(file: SettingsFile | None, flagged: _Layer, environment: _Layer) -> list[_Layer]:
    chosen = flagged.values.get("profile") or environment.values.get("profile")
    if file is None:
        if chosen:
            raise SettingsError(
                f'There is no profile "{chosen}": no ergate.toml and no [tool.ergate] in a '
                "pyproject.toml was found here or above. Write a table [profiles.NAME] in one."
            )
        return []
    layers = [_Layer(file.values, {name: file.origin(name) for name in file.values})]
    chosen = chosen or file.values.get("profile")
    if chosen:
        name = str(chosen)
        values = {key: value for key, value in file.profile(name).items() if key != "profile"}
        layers.append(_Layer(values, dict.fromkeys(values, f"profile {name} in {file.label}")))
    return layers


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    known = {variable_of(name) for name in Settings.model_fields}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and not name.startswith(_OTHER_VARIABLES):
            yield (
                f"The environment variable {name} is no setting and is ignored."
                f"{did_you_mean(name, known)} See `ergate doctor`."
            )


def _validated(values: Mapping[str, object], origins: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate(values)
    except pydantic.ValidationError as exc:
        problems = exc.errors(include_url=False, include_context=False)
        lines = dict.fromkeys(
            _letter([str(part) for part in problem["loc"]], problem["msg"], values, origins)
            for problem in problems
            # The heartbeat's default waits for the lease, which is reported itself.
            if problem["type"] != "default_factory_not_called"
        )
        # Pydantic's own error prints every input, passwords included.
        raise SettingsError("\n".join(lines)) from None


def _letter(
    location: list[str], message: str, values: Mapping[str, object], origins: Mapping[str, str]
) -> str:
    reason = redact(message.removeprefix("Value error, "))
    if not location:
        sources = sorted({origins["heartbeat_s"], origins["lease_s"]} - {DEFAULT})
        return f"{' and '.join(sources)}: {reason}."
    name = location[0]
    value = values.get(name)
    if name in ADDRESSES and isinstance(value, str | list):
        given = value.split() if isinstance(value, str) else map(str, value)
        shown = " ".join(map(redact_url, given))[:_SHOWN]
        return f'{origins[name]}: "{shown}" cannot be the setting {name}. {reason}'
    # A value may be a whole file by accident; cut after masking, or half a secret may stay.
    shown = HIDDEN if name in SECRETS else redact(repr(value))[:_SHOWN]
    start = f"{origins[name]}: {shown} cannot be the setting {name}"
    return f"{start}: expected {expected_form(name)}."
