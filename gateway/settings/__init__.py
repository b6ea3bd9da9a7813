"""The settings: one typed model, filled from the environment and files. Only this room reads the environment."""

from gateway.settings.errors import SettingsError
from gateway.settings.load import load_settings
from gateway.settings.model import SHORTEST_JWT_SECRET, Settings

__all__ = ["SHORTEST_JWT_SECRET", "Settings", "SettingsError", "load_settings"]
