"""The description of one odd file, before it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tests.support.media.encode import Samples, encoded
from tests.support.media.speech import speech_like

Outcome = Literal["rejected", "failed", "succeeded"]
"""rejected: 4xx at upload; failed: the job failed, with a code; succeeded: also with an empty timeline."""

MUST_SUCCEED: frozenset[Outcome] = frozenset({"succeeded"})
NEVER_SUCCEEDS: frozenset[Outcome] = frozenset({"rejected", "failed"})
ANY_END: frozenset[Outcome] = MUST_SUCCEED | NEVER_SUCCEEDS
"""Outcomes of files that decoders may read differently: they only have to end."""

RATE = 16_000


@dataclass(frozen=True)
class Case:
    name: str
    """The file name that the client states; may be hostile."""
    kind: str
    acceptable: frozenset[Outcome]
    make: Callable[[], bytes]


@cache
def speech(seconds: float = 1.5, rate: int = RATE, seed: int = 0) -> Samples:
    """int16 [n, 1] of unbroken speech-like sound."""
    return speech_like(seconds, rate, seed, pauses=()).samples.reshape(-1, 1)


def spoken(format_name: str, seconds: float = 1.5, rate: int = RATE, seed: int = 0) -> bytes:
    """A readable file of speech-like sound in one of `encode.FORMATS`."""
    return encoded(speech(seconds, rate, seed), rate, format_name)
