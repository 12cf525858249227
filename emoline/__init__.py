"""Emoline from Python: `emoline.client` talks to any service."""
