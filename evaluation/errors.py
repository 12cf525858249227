from __future__ import annotations


class NotEvaluable(Exception):
    """There is nothing to compare. The message is a sentence that says what is wrong, and what to do."""
