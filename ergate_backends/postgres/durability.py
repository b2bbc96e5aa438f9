"""What a server survives, by its own settings."""

from __future__ import annotations

from dataclasses import dataclass

from ergate.contracts.capabilities import Level
from ergate_backends.postgres.connection import Connection

_SETTINGS = (
    b"SELECT current_setting('synchronous_commit'), current_setting('fsync'), "
    b"current_setting('synchronous_standby_names')"
)


@dataclass(frozen=True, slots=True)
class Durability:
    """The settings that decide it, as this connection has them."""

    synchronous_commit: str
    fsync: str
    standbys: str

    @property
    def level(self) -> Level:
        """L3 with a synchronous standby, L2 when each commit is on disk, else L1."""
        if self.fsync != "on" or self.synchronous_commit == "off":
            return Level.L1
        waits_for_standby = self.synchronous_commit in ("on", "remote_apply")
        return Level.L3 if waits_for_standby and self.standbys.strip() else Level.L2


def durability_of(connection: Connection) -> Durability:
    """Read the settings."""
    (row,) = connection.execute(_SETTINGS).fetchall()
    return Durability(*row)


def level_of(connection: Connection) -> Level:
    """Return what accepted jobs survive on this server."""
    return durability_of(connection).level
