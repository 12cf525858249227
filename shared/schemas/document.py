"""Base of the documents, and types that several of them share."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

RoleOf = Callable[[int], str | None]
"""Return the name of a channel, if it has one: `Recording.role`."""


class Document(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True, protected_namespaces=())
