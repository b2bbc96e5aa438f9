"""Real servers for tests: started on a free port of this machine, killed, and started again."""

from ergate.testing.servers.base import Server, ServerMissing, free_port

__all__ = ["Server", "ServerMissing", "free_port"]
