"""The host name of the tests' certificate."""

from __future__ import annotations

HOST_NAME = "hooks.example"
