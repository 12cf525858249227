"""Made-up calls in a store: an agent and a customer in turns of ten seconds, with the emotions that a test gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import uuid_utils

from shared.container import Services
from shared.domain.alert import AlertRule, find_alerts
from shared.domain.emotion import ModelInfo
from shared.domain.job import DEFAULT_TENANT, Job, JobState
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, Recording
from shared.domain.segment import Segment, SegmentFlag, SegmentOutcome
from shared.domain.talk import Talk
from shared.domain.timeline import confident
from shared.ports import StoredSegment

ROLES = ("agent", "customer")
TURN_S = 10
MODEL = ModelInfo("test", "1", "00", ("angry", "happy", "neutral", "sad"))
ANGRY_END = AlertRule("angry at the end", ("angry",), at_least_ms=20_000, channel="customer", part="last_quarter")
NEUTRAL = ("neutral",) * 20


@dataclass(frozen=True)
class Call:
    """A call whose turns have these emotions, an agent's and a customer's in turn; `flagged` turns are too short."""

    name: str = "call.wav"
    agent: Sequence[str] = NEUTRAL
    customer: Sequence[str] = NEUTRAL
    flagged: Sequence[int] = ()
    interruptions: tuple[int, int] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    tenant: str = DEFAULT_TENANT
    submitted_at: datetime | None = None


def add_call(services: Services, call: Call) -> str:
    """Store an analysed call and return its id."""
    ports, now = services.ports, call.submitted_at or services.clock.now()
    turns = [turn for pair in zip(call.agent, call.customer, strict=True) for turn in pair]
    length = len(turns) * TURN_S * SAMPLE_RATE
    recording = Recording(call.name, 10, "ab", "jobs/x/source", duration=length, channels=2, roles=ROLES)
    options = JobOptions(channels="split", roles=ROLES, alerts=(ANGRY_END,), metadata=dict(call.metadata))
    ports.jobs.add(Job(f"job_{uuid_utils.uuid7()}", recording, options, now, call.tenant))
    claim = ports.work_queue.claim_preparation()
    assert claim is not None
    job = claim.job.evolve(prepared=length, speech=length)
    stored = [_segment(job.id, index, index in call.flagged) for index in range(len(turns))]
    ports.work_queue.save(claim, job.to(JobState.INFERRING, now), add=stored)
    outcomes = [SegmentOutcome.scored({emotion: 0.8, "other": 0.2}) for emotion in turns]
    claims = ports.work_queue.claim_segments(10**12)
    ports.work_queue.record([(each, outcomes[each.stored.segment.index]) for each in claims], MODEL)
    finish = ports.work_queue.claim_finish()
    assert finish is not None
    scored = confident(ports.jobs.results(job.id), 0)
    finished = finish.job.evolve(
        alerts=find_alerts(options.alerts, scored, recording, length),
        talk=tuple(Talk(channel, 0.5, number) for channel, number in enumerate(call.interruptions or ())),
    )
    ports.work_queue.save(finish, finished.to(JobState.SUCCEEDED, now))
    return job.id


def _segment(job_id: str, index: int, flagged: bool) -> StoredSegment:
    start, turn = index * TURN_S * SAMPLE_RATE, TURN_S * SAMPLE_RATE
    segment = Segment(index, index % 2, start, start + turn, turn)
    if flagged:
        segment = replace(segment, flags=(SegmentFlag.TOO_SHORT,))
    return StoredSegment(segment, f"jobs/{job_id}/{index}.flac")
