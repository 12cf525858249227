"""The facts of a job, computed from its segments."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.alert import Part
from shared.domain.facts import PARTS, ChannelFacts, PartFacts
from shared.domain.job import Job
from shared.domain.segment import SegmentResult
from shared.domain.timeline import confident, samples_by_emotion, shares
from shared.findings.worst_minute import find_worst_minute


def collect_facts(job: Job, segments: Sequence[SegmentResult]) -> list[ChannelFacts]:
    """Return the facts of the whole recording, then those of each channel.

    `segments` are as people corrected them (`shared.domain.segment.apply_corrections`).
    """
    channels = sorted({result.segment.channel for result in segments}.union(each.channel for each in job.talk))
    return [collect_channel_facts(job, segments, channel) for channel in (None, *channels)]


def collect_channel_facts(job: Job, segments: Sequence[SegmentResult], channel: int | None) -> ChannelFacts:
    """Return the facts of a channel, or of all of them together."""
    segments = [result for result in segments if channel in (None, result.segment.channel)]
    analysed = confident(segments, job.options.aggregation.min_confidence)
    parts: dict[Part, PartFacts] = {"whole": part_facts(analysed, 0, None)}
    for quarter, part in enumerate(PARTS[1:]):
        parts[part] = part_facts(analysed, job.prepared * quarter // 4, job.prepared * (quarter + 1) // 4)
    return ChannelFacts(
        channel=channel,
        role=None if channel is None else job.recording.role(channel),
        speech=sum(result.segment.speech for result in segments),
        analysed=sum(result.segment.speech for result in analysed),
        segments=len(segments),
        skipped=len(segments) - len(analysed),
        corrected=sum(1 for result in segments if result.correction),
        parts=parts,
        worst_minute=find_worst_minute(analysed, job.prepared),
        talk=next((each for each in job.talk if each.channel == channel), None),
    )


def part_facts(analysed: Sequence[SegmentResult], start: int, end: int | None) -> PartFacts:
    """Return the shares of the emotions in [start, end), by default to the end, as the summary of a result has them."""
    samples = samples_by_emotion(analysed, start, end)
    return PartFacts(samples.total(), shares(samples))
