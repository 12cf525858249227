"""The values saved with a job when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from shared.container import Services
from shared.domain.alert import AlertRule
from shared.domain.failure import FailureCode
from shared.domain.job import JobState
from shared.domain.options import AggregationOptions, JobOptions
from shared.domain.recording import RecordingWarning
from shared.domain.segment import SegmentOutcome
from shared.domain.speech import SpeechSpan, SpeechTimes
from shared.ports import JobFilter
from tests.support.analysed import submitted
from tests.support.stored_jobs import MODEL, claimed, stored
from worker.stages.finish import FinishStage

HAPPY = SegmentOutcome.scored({"happy": 0.9, "sad": 0.1})
SAD = SegmentOutcome.scored({"happy": 0.4, "sad": 0.6})
SKIPPED = SegmentOutcome.skipped(FailureCode.TIMEOUT)


def finished(
    services: Services,
    outcomes: Sequence[SegmentOutcome],
    min_confidence: float = 0,
    speech: SpeechTimes | None = None,
    **chosen: Any,
) -> str:
    options = JobOptions(aggregation=AggregationOptions(min_confidence=min_confidence), **chosen)
    job_id = submitted(services, options)
    claim = claimed(services.ports.work_queue.claim_preparation())
    segments = [stored(index, 20 * index) for index in range(len(outcomes))]
    services.ports.work_queue.save(claim, claim.job.to(JobState.INFERRING, services.clock.now()), add=segments)
    services.ports.work_queue.record(
        list(zip(services.ports.work_queue.claim_segments(10**9), outcomes, strict=True)), MODEL
    )
    if speech:
        services.speech_store.store(job_id, speech)
    assert FinishStage(services).run_once()
    return job_id


@pytest.mark.parametrize(
    ("outcomes", "min_confidence", "dominant"),
    [
        ([SAD, HAPPY, SAD], 0, "sad"),
        ([SAD, HAPPY], 0, "happy"),  # as sure of it the model is
        ([SAD, HAPPY, SAD], 0.7, "unknown"),
        ([HAPPY, SKIPPED, SKIPPED], 0, "happy"),
        ([], 0, None),
    ],
)
def test_the_dominant_emotion_of_a_job_is_that_of_its_result(
    services: Services, outcomes: Sequence[SegmentOutcome], min_confidence: float, dominant: str | None
) -> None:
    job_id = finished(services, outcomes, min_confidence)
    job, result = services.reader.result(job_id)
    assert job.dominant == (result.dominant.emotion if result.dominant else None) == dominant


def test_a_job_of_which_nothing_could_be_analysed_has_none(services: Services) -> None:
    job = services.jobs.get(finished(services, [SKIPPED]))
    assert (job.state, job.dominant) == (JobState.FAILED, None)


@pytest.mark.parametrize(("emotions", "warned"), [(("happy", "unknown"), False), (("happy", "furious"), True)])
def test_an_alert_on_an_emotion_that_the_model_lacks_is_a_warning(
    services: Services, emotions: tuple[str, ...], warned: bool
) -> None:
    job_id = finished(services, [HAPPY], alerts=(AlertRule("alarm", emotions, at_least_ms=1),))
    job = services.jobs.get(job_id)
    assert (RecordingWarning.ALERT_EMOTION_MISSING in job.recording.warnings) == warned


def test_an_emotion_that_counts_and_that_the_model_lacks_is_a_warning(services: Services) -> None:
    job = services.jobs.get(finished(services, [HAPPY], emotions=("happy", "furious")))
    assert RecordingWarning.EMOTION_MISSING in job.recording.warnings


def test_speech_that_is_mostly_unfamiliar_to_the_model_is_a_warning(services: Services) -> None:
    strange = SegmentOutcome.scored({"happy": 0.9, "sad": 0.1}, unfamiliarity=1.1)
    job = services.jobs.get(finished(services, [strange, HAPPY, strange]))
    assert job.recording.warnings == (RecordingWarning.UNFAMILIAR,)


def test_jobs_are_found_by_the_interruptions_of_a_channel(services: Services) -> None:
    spans = (SpeechSpan(0, 0, 32_000, -20.5), SpeechSpan(1, 24_000, 80_000, None))
    job_id = finished(services, [HAPPY], speech=SpeechTimes((0, 1), True, spans))
    finished(services, [HAPPY])  # of a version that did not measure speech
    for channel, interruptions in ((0, 0), (1, 1)):
        page = services.reader.page(limit=9, after=None, job_filter=JobFilter(channel=channel, min_interruptions=0))
        (view,) = page.views
        assert view.job.id == job_id
        assert view.facts
        assert view.facts.talk
        assert view.facts.talk.interruptions == interruptions
    assert services.reader.page(limit=9, after=None, job_filter=JobFilter(channel=0, min_talk_share=0.4)).views == []
