"""Inputs of reports with invented results, so that tests know in advance how the report must read."""

# ruff: noqa: RUF001  # Chinese punctuation

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from reports.report_input import ReportInput, SegmentAudio
from reports.texts import Language
from shared.domain.emotion import ModelInfo
from shared.domain.failure import FailureCode
from shared.domain.options import AggregationOptions, JobOptions
from shared.domain.recording import SAMPLE_RATE, ChannelMode, Recording, RecordingWarning
from shared.domain.segment import SegmentFlag, SegmentOutcome, SegmentResult
from shared.domain.timeline import aggregate
from shared.findings.conversation import AnswerTimes, ChannelTalk, Conversation, Response, Stretch
from tests.support.segment_results import scored, skipped

SERVICE_URL = "https://calls.example"
LABELS = ("angry", "happy", "neutral", "sad")
MODEL = ModelInfo("acme/large", "v7", "9f2c1e0a4b7d5c3e8f6a1b2c3d4e5f60718293a4b5c6d7e8f9010203040506a7", LABELS)
AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ROLES = ("agent", "customer")
LANGUAGES: list[Language] = ["en", "zh"]
HOSTILE = [
    '#read("/etc/passwd")',
    '#eval("1+1") $x$ *bold* _it_ `raw` @ref <label> = Heading // comment',
    "</script><script>alert(1)</script>",
    "\\u{41} \\ { } [ ] ( ) \" '",
    "تسجيل‮مكالمة.mp3",
    "😀🎧 запись звонка – 客户来电：婧鑫萱.wav",
    "x" * 300,
    "ab\x00\x1b[31m\ud800\u202e.wav",
]


def report_input(
    segments: Sequence[SegmentResult],
    *,
    seconds: float = 600,
    filename: str = "call.mp3",
    roles: tuple[str, ...] = ROLES,
    model: ModelInfo | None = MODEL,
    min_confidence: float = 0.0,
    clips: Mapping[int, bytes] | None = None,
    audio_deleted: bool = False,
    warnings: tuple[RecordingWarning, ...] = (),
    metadata: Mapping[str, str] | None = None,
) -> ReportInput:
    """Return a report's input: a recording of two channels with these segments."""
    options = JobOptions(roles=roles, aggregation=AggregationOptions(2000, min_confidence), metadata=metadata or {})
    duration = round(seconds * SAMPLE_RATE)
    speech = sum(each.segment.speech for each in segments)
    result = aggregate(segments, duration=duration, speech=speech, options=options.aggregation, model=model)
    recording = Recording(
        filename, 1, "ab", "k", "mp3", 8000, 2, duration, ChannelMode.SPLIT, roles=roles, warnings=warnings
    )
    links = {} if audio_deleted else {each.segment.index: link(each.segment.index) for each in segments}
    return ReportInput(
        recording, result, options, SegmentAudio(links, clips or {}, SERVICE_URL, audio_deleted), "job_1", AT
    )


def link(index: int) -> str:
    return f"{SERVICE_URL}/v1/jobs/job_1/segments/{index}/audio"


def call() -> list[SegmentResult]:
    """Ten minutes: the customer is neutral, then angry, then neutral; the agent neutral and once happy."""
    segments: list[SegmentResult] = []
    for index in range(60):
        start = 10.0 * index
        channel = index % 2
        angry = channel == 1 and 20 <= index < 40
        emotion = "angry" if angry else "happy" if index == 30 else "neutral"
        segments.append(scored(index, start, start + 8, emotion, 0.5 + index / 200, channel))
    segments[7] = skipped(7, 70, 78)
    segments[8] = flagged(segments[8])
    return segments


def flagged(result: SegmentResult) -> SegmentResult:
    return replace(result, segment=replace(result.segment, flags=(SegmentFlag.CLIPPED,)))


def day(count: int = 6000) -> list[SegmentResult]:
    """24 hours of `count` segments whose emotions change all the time."""
    step = 24 * 3600 / count
    length = min(step * 0.9, 25)
    return [
        scored(i, i * step, i * step + length, LABELS[(i * i + i // 700) % 4], 0.3 + i % 60 / 100, i % 2)
        if i % 50
        else skipped(i, i * step, i * step + length)
        for i in range(count)
    ]


def crashed(result: SegmentResult) -> SegmentResult:
    return replace(result, outcome=SegmentOutcome.skipped(FailureCode.CRASH))


def conversation(measured: Sequence[int] = (0, 1)) -> Conversation:
    """A conversation in which the agent (0) answers each of six angry turns of the customer (1) calmly."""
    channels = tuple(
        ChannelTalk(
            channel=channel,
            talk=(90 + channel) * SAMPLE_RATE,
            share=0.6 - channel / 5,
            longest_turn=Stretch(61 * SAMPLE_RATE, 84 * SAMPLE_RATE),
            level=-23.4,
            turns=12 + channel,
            answers=AnswerTimes(11, -SAMPLE_RATE // 4 if channel else SAMPLE_RATE * 3 // 4, 2 * SAMPLE_RATE),
            interruptions=2 * channel,
            backchannels=17,
        )
        for channel in measured
    )
    response = Response(0, "angry", 6, {"neutral": 5, "happy": 1}, {"angry": -0.02, "neutral": 0.21, "happy": -0.19})
    silence = Stretch(100 * SAMPLE_RATE, 107 * SAMPLE_RATE)
    return Conversation(channels, SAMPLE_RATE // 2, 33 * SAMPLE_RATE, silence, (response,))
