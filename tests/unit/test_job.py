from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.errors import InvalidTransition
from shared.domain.failure import FAILURES, FailureCode
from shared.domain.job import MAX_ATTEMPTS, TRANSITIONS, Job, JobState, JobStatus, SegmentCounts, deadline, progress
from shared.domain.options import JobOptions
from shared.domain.recording import Recording

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
CALL = Recording("call.mp3", 1, "00", "jobs/job_1/source")


def job(recording: Recording = CALL, **changes: object) -> Job:
    return Job("job_1", recording, JobOptions(), NOW, **changes)  # type: ignore[arg-type]


def test_every_state_is_in_the_table_and_can_reach_an_end() -> None:
    assert set(TRANSITIONS) == set(JobState)
    ends = {state for state in JobState if state.terminal}
    assert ends == {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED}
    assert {target for end in ends for target in TRANSITIONS[end]} == {JobState.QUEUED}
    reached = set(ends)
    for _ in JobState:
        reached |= {state for state, targets in TRANSITIONS.items() if targets & reached}
    assert reached == set(JobState)


@pytest.mark.parametrize("state", list(JobState))
@pytest.mark.parametrize("target", list(JobState))
def test_only_transitions_in_the_table_are_taken(state: JobState, target: JobState) -> None:
    start = job(state=state)
    if target in TRANSITIONS[state]:
        assert start.to(target, LATER).state is target
    else:
        with pytest.raises(InvalidTransition, match=f"from {state} to {target}"):
            start.to(target, LATER)


def test_status_and_stage_follow_from_the_state() -> None:
    assert [(state.status, state.stage) for state in JobState] == [
        (JobStatus.QUEUED, None),
        (JobStatus.PROCESSING, "preparing"),
        (JobStatus.PROCESSING, "inferring"),
        (JobStatus.PROCESSING, "finishing"),
        (JobStatus.SUCCEEDED, None),
        (JobStatus.FAILED, None),
        (JobStatus.CANCELED, None),
    ]


def test_claiming_counts_attempts_of_one_stage_and_starts_anew_in_the_next() -> None:
    first = job().claimed(NOW)
    second = first.claimed(LATER)
    assert (first.state, first.attempts, first.started_at) == (JobState.PREPARING, 1, NOW)
    assert (second.state, second.attempts, second.started_at) == (JobState.PREPARING, 2, NOW)
    finishing = second.to(JobState.INFERRING, LATER).claimed(LATER)
    assert (finishing.state, finishing.attempts) == (JobState.FINISHING, 1)


def test_a_failure_that_may_pass_is_tried_again_until_the_attempts_are_used_up() -> None:
    passing, lasting = FAILURES[FailureCode.STORAGE_ERROR], FAILURES[FailureCode.NO_AUDIO_STREAM]
    preparing = job(state=JobState.PREPARING, attempts=MAX_ATTEMPTS - 1)
    assert preparing.after(passing, LATER).state is JobState.PREPARING
    assert preparing.after(lasting, LATER).state is JobState.FAILED
    last = job(state=JobState.PREPARING, attempts=MAX_ATTEMPTS).after(passing, LATER)
    assert (last.state, last.failure, last.finished_at) == (JobState.FAILED, passing, LATER)


def test_an_attempt_that_an_outage_ended_was_none() -> None:
    outages = [failure for failure in FAILURES.values() if failure.outage]
    assert len(outages) == 3
    for attempts in (1, MAX_ATTEMPTS, MAX_ATTEMPTS + 1):
        claimed = job(state=JobState.PREPARING, attempts=attempts)
        for outage in outages:
            waiting = claimed.after(outage, LATER)
            assert (waiting.state, waiting.attempts) == (JobState.PREPARING, attempts - 1)
            assert waiting.claimed(LATER) == replace(claimed, started_at=LATER)


def test_progress_grows_with_decoding_and_analysis_and_is_whole_only_at_the_end() -> None:
    recording = Recording("call.mp3", 1, "00", "k", duration=1000)
    half_decoded = job(recording=recording, state=JobState.PREPARING, prepared=500)
    decoded = job(recording=recording, state=JobState.INFERRING, prepared=1000)
    shares = [
        progress(job(), SegmentCounts()),
        progress(half_decoded, SegmentCounts(total=2, ok=1)),
        progress(decoded, SegmentCounts(total=4, ok=2, skipped=1)),
        progress(decoded, SegmentCounts(total=4, ok=3, skipped=1)),
        progress(job(state=JobState.SUCCEEDED), SegmentCounts()),
    ]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert all(share < 1 for share in shares[:-1])


@pytest.mark.parametrize("state", [state for state in JobState if not state.terminal])
def test_a_deadline_may_come_in_every_state_and_begins_anew_with_a_retry(state: JobState) -> None:
    options = JobOptions(deadline_s=60)
    due = NOW + timedelta(seconds=60)
    assert deadline(options, NOW) == due
    running = replace(job(state=state, deadline_at=due), options=options)
    assert [running.overdue(due + timedelta(seconds=seconds)) for seconds in (-1, 0, 1)] == [False, True, True]
    ended = running.too_late(due)
    assert (ended.state, ended.failure) == (JobState.FAILED, FAILURES[FailureCode.DEADLINE_EXCEEDED])
    assert ended.retried(due).deadline_at == due + timedelta(seconds=60)
    assert not job(state=state).overdue(LATER)


def test_the_failure_table_has_a_sentence_for_each_code() -> None:
    assert set(FAILURES) == set(FailureCode)
    assert all(failure.message.endswith(".") for failure in FAILURES.values())
