"""The version of Emoline."""

from __future__ import annotations

from importlib.metadata import version

VERSION = version("emoline-service")
