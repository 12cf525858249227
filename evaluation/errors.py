"""The error of an evaluation."""

from __future__ import annotations


class NotEvaluable(Exception):
    """There is nothing to compare. The message is a sentence that says why, and how to change it."""
