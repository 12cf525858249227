"""The facts of a job: the figures by which jobs are found, sorted and counted together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from shared.domain.alert import Part
from shared.domain.talk import Talk

PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class WorstMinute:
    """The minute from the sample `start` on, and the share of negative emotions in its speech, over 0 to 1."""

    start: int
    share: float


@dataclass(frozen=True, slots=True)
class PartFacts:
    """The shares of the emotions in a part of a channel, of its `analysed` samples."""

    analysed: int
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """The facts of a channel, or of the whole recording where `channel` is None.

    `speech` and `analysed` are samples of speech, in all segments and in those that were analysed. `skipped` and
    `corrected` count segments.
    """

    channel: int | None
    role: str | None
    speech: int
    analysed: int
    segments: int
    skipped: int
    corrected: int
    parts: Mapping[Part, PartFacts]
    worst_minute: WorstMinute | None
    talk: Talk | None
