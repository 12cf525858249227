"""Results of the same sound, analysed twice."""

from __future__ import annotations

from typing import Any

import pytest


def equal(actual: Any, expected: Any) -> bool:
    """Return True if two results are equal but for the last digits of scores, which depend on the batch."""
    if isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(equal(actual[name], expected[name]) for name in expected)
    if isinstance(expected, list):
        return len(actual) == len(expected) and all(map(equal, actual, expected))
    return bool(actual == (pytest.approx(expected, abs=1e-6) if isinstance(expected, float) else expected))
