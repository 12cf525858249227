"""A recording that is awkward to export: hostile names, skipped segments, corrections, two channels."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.domain.emotion import ModelInfo
from shared.domain.failure import FailureCode
from shared.domain.options import AggregationOptions
from shared.domain.recording import SAMPLE_RATE, ChannelMode, Recording
from shared.domain.segment import Correction, Segment, SegmentFlag, SegmentOutcome, SegmentResult
from shared.domain.timeline import Result, aggregate

LABELS = ("angry", "happy", "sad")
MODEL = ModelInfo("emoline/test", None, "0badcafe", LABELS)
WHEN = datetime(2026, 11, 23, 12, 30, 15, 250_000, UTC)
HOSTILE = [
    '=HYPERLINK("http://evil.example","call")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    " -1+2",
    "\uff1d1+1",
    "two words, and a comma; \"quoted\" 'twice'",
    "00:01.000 --> 00:02.000",
    "<v Bob>&amp; {\\b1}<script>alert(1)</script>",
    "客服 مرحبا 😡 ÅÖ",
    "channel 1",
    "NA",
    "]]> a;b#c%20\\t|",
]
"""Roles and comments as the API takes them: anything printable."""


def recording(*roles: str, filename: str = "call.mp3") -> Recording:
    return Recording(
        filename, 10, "ab", "x", duration=40 * SAMPLE_RATE, channels=2, channel_mode=ChannelMode.SPLIT, roles=roles
    )


def scored(index: int, channel: int, start_ms: int, end_ms: int, *scores: float) -> SegmentResult:
    outcome = SegmentOutcome.scored(dict(zip(LABELS, scores, strict=True)))
    return SegmentResult(_segment(index, channel, start_ms, end_ms), outcome)


def skipped(index: int, channel: int, start_ms: int, end_ms: int) -> SegmentResult:
    return SegmentResult(_segment(index, channel, start_ms, end_ms), SegmentOutcome.skipped(FailureCode.TIMEOUT))


def corrected(result: SegmentResult, emotion: str, comment: str | None = None) -> SegmentResult:
    return SegmentResult(result.segment, result.outcome, Correction(emotion, comment, WHEN, "key_1"))


def result_of(*segments: SegmentResult) -> Result:
    return aggregate(segments, duration=40 * SAMPLE_RATE, speech=1, options=AggregationOptions(), model=MODEL)


def awkward(comment: str | None = None) -> Result:
    """Two segments of channel 0 that the timeline merges, one at the same time in channel 1, and two skipped ones."""
    return result_of(
        corrected(scored(0, 0, 0, 2345, 0.7, 0.2, 0.1), "sad", comment),
        scored(1, 1, 1001, 3003, 0.125, 0.125, 0.75),
        scored(2, 0, 2345, 4000, 0.6, 0.1, 0.3),
        skipped(3, 1, 5000, 6000),
        corrected(skipped(4, 0, 7000, 8001), "fearful"),
        scored(5, 1, 39_000, 40_000, 0.1, 0.8, 0.1),
    )


def _segment(index: int, channel: int, start_ms: int, end_ms: int) -> Segment:
    flags = (SegmentFlag.NARROWBAND, SegmentFlag.QUIET) if index == 1 else ()
    return Segment(index, channel, start_ms * 16, end_ms * 16, 16, flags)
