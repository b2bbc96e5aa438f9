"""Settings, and where each came from: flag, environment, file, app or default.

Importing this room imports pydantic-settings, so the app does it only when it needs a setting.
"""

from ergate.settings.load import Loaded, load_settings
from ergate.settings.model import Settings

__all__ = ["Loaded", "Settings", "load_settings"]
