"""Submit, cancel, retry and delete in every order, with workers that do a step now and then: nothing gets stuck."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from ipaddress import ip_network
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.domain.emotion import ModelInfo
from shared.domain.errors import JobDeleted, JobFinished, JobRunning, NothingToRetry
from shared.domain.failure import FailureCode
from shared.domain.job import JobState
from shared.domain.options import JobOptions, SegmentationOptions
from shared.domain.segment import SegmentStatus
from shared.services.job_retry import RetryScope
from shared.settings import Settings
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.servers.host import hosting, says
from worker.container import finish_work, infer_work, prepare_work
from worker.pipeline.errors import ModelCrash
from worker.pipeline.ports import Prediction, Samples
from worker.pipeline_builder import build_decoder

SOUND = encoded(speech_like(12, seed=3).samples[:, None], 16_000, "wav")
OPTIONS = JobOptions(channels="mix", segmentation=SegmentationOptions(max_ms=3000, min_ms=1000))


class FlakyModel:
    """`worker.pipeline.ports.EmotionModel` that crashes on clips while `ill`, and else answers by their length."""

    info = ModelInfo("test", None, "00", ("happy", "sad"))
    batch = 6 * 16_000
    samples_per_s = 0.0

    def __init__(self) -> None:
        self.ill = False

    def predict(
        self, batches: Iterable[Sequence[Samples]], *, frame_embeddings: bool = False
    ) -> Iterator[list[Prediction]]:
        for clips in batches:
            if self.ill:
                raise ModelCrash
            yield [_prediction(len(clip)) for clip in clips]


def _prediction(samples: int) -> Prediction:
    share = 0.25 + samples % 1000 / 2000
    return Prediction(
        {"happy": share, "sad": 1 - share}, np.zeros((samples // 320, 2), np.float32), np.zeros(4, np.float32)
    )


@settings(max_examples=8, stateful_step_count=20, deadline=None)
class JobLife(RuleBasedStateMachine):
    """Jobs of one service over SQLite and a folder."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="emoline-life-"))
        self.open = ExitStack()
        download_settings = Settings(data_dir=self.folder, allowed_networks=[ip_network("127.0.0.1/32")])
        self.host = self.open.enter_context(hosting())
        self.host.at("/call.wav", says(SOUND))
        self.services = self.open.enter_context(open_services(download_settings, LocalWakeUps()))
        self.model = FlakyModel()
        self.works: dict[str, Callable[[], bool]] = {
            "prepare": prepare_work(self.services, build_decoder(download_settings), Event()).run_once,
            "infer": infer_work(self.services, self.model, Event()).run_once,
            "finish": finish_work(self.services).run_once,
        }
        self.alive: set[str] = set()

    @rule(target=jobs)
    def submit(self) -> str:
        with self.services.submission.begin() as upload:
            upload.write(SOUND)
            job = upload.commit("call.wav", OPTIONS)
        self.alive.add(job.id)
        return job.id

    @rule(target=jobs, exists=st.booleans())
    def submit_url(self, exists: bool) -> str:
        url = f"{self.host.url}/{'call.wav' if exists else 'missing.wav'}"
        job = self.services.submission.enqueue_url(url, "", OPTIONS)
        self.alive.add(job.id)
        return job.id

    @rule(name=st.sampled_from(["prepare", "infer", "finish"]))
    def work(self, name: str) -> None:
        self.works[name]()

    @rule(ill=st.booleans())
    def change_mood(self, ill: bool) -> None:
        self.model.ill = ill

    @rule(job_id=jobs)
    def cancel(self, job_id: str) -> None:
        ended = self.services.jobs.get(job_id).state.terminal
        try:
            self.services.cancellation.cancel(job_id)
        except JobFinished:
            assert ended
        else:
            assert not ended
            assert self.services.jobs.get(job_id).state is JobState.CANCELED

    @rule(job_id=jobs, scope=st.sampled_from(["failed_segments", "all"]))
    def retry(self, job_id: str, scope: RetryScope) -> None:
        before = self.services.jobs.get(job_id)
        try:
            self.services.job_retry.retry(job_id, scope)
        except JobRunning:
            assert not before.state.terminal
        except NothingToRetry:
            assert (before.state, scope) == (JobState.SUCCEEDED, "failed_segments")
            assert self.services.jobs.counts([job_id])[job_id].skipped == 0
        else:
            assert before.state.terminal
            assert self.services.jobs.get(job_id).state is JobState.QUEUED
            assert self.services.jobs.counts([job_id])[job_id].skipped == 0

    @rule(target=jobs, job_id=consumes(jobs))
    def delete(self, job_id: str) -> object:
        self.services.cancellation.delete(job_id)
        self.alive.discard(job_id)
        with pytest.raises(JobDeleted):
            self.services.jobs.get(job_id)
        return multiple()

    @invariant()
    def nothing_is_kept_of_what_was_deleted(self) -> None:
        folders = {path.name for path in (self.folder / "objects" / "jobs").glob("*")}
        assert folders <= self.alive

    def teardown(self) -> None:
        """The workers go on in good health: every job ends, and as if nothing had happened to it."""
        try:
            self.model.ill = False
            for _ in range(1000):
                if not any([run_once() for run_once in self.works.values()]):
                    break
            for job_id in self.alive:
                self._has_ended_well(job_id)
        finally:
            self.open.close()
            shutil.rmtree(self.folder)

    def _has_ended_well(self, job_id: str) -> None:
        job = self.services.jobs.get(job_id)
        assert job.state.terminal
        results = self.services.jobs.results(job_id)
        statuses = {result.outcome.status for result in results}
        if job.state is JobState.SUCCEEDED:
            assert statuses <= {SegmentStatus.OK, SegmentStatus.SKIPPED}
            assert [result.segment.index for result in results] == list(range(len(results)))
            assert all(a.segment.end <= b.segment.start for a, b in itertools.pairwise(results))
            assert results
        if job.state is JobState.FAILED:
            missing = job.failure is not None and job.failure.code is FailureCode.DOWNLOAD_FAILED
            assert statuses == (set() if missing else {SegmentStatus.SKIPPED})


TestJobLife = JobLife.TestCase
