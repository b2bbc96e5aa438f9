"""What a worker process logs itself: the user's own log lines, and our rare ones."""

from __future__ import annotations

import logging


def configure_logging(level: str) -> None:
    """Send log records to standard error, unless the app has configured logging itself."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
