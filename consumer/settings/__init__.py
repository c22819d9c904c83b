"""What can be set, read once, checked before anything connects."""

from __future__ import annotations

from consumer.settings.load import (
    Connections,
    Settings,
    load_connections,
    load_file,
    load_settings,
)

__all__ = ["Connections", "Settings", "load_connections", "load_file", "load_settings"]
