"""The backends that were registered, by name and by URL scheme."""

from __future__ import annotations

from dataclasses import dataclass

from ergate.contracts.backend import Backend
from ergate.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Registration:
    """A backend and the distribution that brought it."""

    backend: Backend
    distribution: str


class BackendRegistry:
    """Collects backends; a name that two of them claim is refused when it is used, not before.

    So a stranger's package cannot stop a worker that does not use it. Filled once, then only read.
    """

    def __init__(self) -> None:
        self._registrations: list[Registration] = []
        self._by_name: dict[str, list[Registration]] = {}

    def add(self, backend: Backend, *, distribution: str) -> None:
        """Add a backend under its name and each of its schemes."""
        registration = Registration(backend, distribution)
        self._registrations.append(registration)
        for name in backend.names:
            self._by_name.setdefault(name, []).append(registration)

    def find(self, name: str) -> Backend | None:
        """Return the backend with this name or URL scheme, or None.

        Raises `SettingsError` naming the distributions when more than one claims it.
        """
        claimants = self._by_name.get(name.lower(), [])
        if len(claimants) > 1:
            raise SettingsError(_conflict(name, claimants))
        return claimants[0].backend if claimants else None

    @property
    def registrations(self) -> tuple[Registration, ...]:
        """Every backend with its distribution, by name."""
        return tuple(
            sorted(self._registrations, key=lambda one: (one.backend.name, one.distribution))
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all backends, without their other URL schemes."""
        return tuple(dict.fromkeys(one.backend.name for one in self.registrations))

    @property
    def names_and_schemes(self) -> tuple[str, ...]:
        """Everything that `find` knows."""
        return tuple(sorted(self._by_name))

    @property
    def conflicts(self) -> tuple[str, ...]:
        """One sentence for each name that more than one backend claims."""
        return tuple(_conflict(n, c) for n, c in sorted(self._by_name.items()) if len(c) > 1)


def _conflict(name: str, claimants: list[Registration]) -> str:
    bringers = " and ".join(f'"{one.distribution}"' for one in claimants)
    return (
        f'The backend name "{name}" is claimed by the distributions {bringers}. '
        "Uninstall one of them. See `ergate backends list`."
    )
