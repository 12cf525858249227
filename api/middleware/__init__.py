"""Middleware around every route, a module for each purpose.

All of it is plain ASGI: Starlette's base class for middleware costs ten times as much, on every poll.
"""
