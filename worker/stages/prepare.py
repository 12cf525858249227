"""The stage `preparing`: fetch a recording where it lies elsewhere, decode it, cut it, and store its segments while the
rest is still being decoded."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from threading import Event

import soundfile

from shared.container import Services
from shared.domain.job import Job, JobState
from shared.domain.recording import SAMPLE_RATE
from shared.ports import Claim, Queue, StoredSegment
from shared.services.object_keys import audio_key
from worker.metrics import PREPARED
from worker.pipeline.ports import AudioDecoder, Downloader, VoiceDetectors
from worker.pipeline.prepare import Clip, Preparation
from worker.stages.download import Fetch
from worker.stages.hold_lease import Keeper, WorkerStopping
from worker.stages.job_stage import run_claim

_SAVE_EVERY_S = 1.0
"""How old the progress may be that users see while no segment comes up."""


@dataclass(frozen=True, slots=True)
class PrepareStage:
    """`stop` is set when the worker is to end: a recording in hand is given back, which may take minutes yet."""

    services: Services
    downloader: Downloader
    decoder: AudioDecoder
    detectors: VoiceDetectors
    stop: Event

    def run_once(self) -> bool:
        """Prepares the next job; False when there was none."""
        claim = self.services.ports.work_queue.claim_preparation()
        if claim:
            self.services.ports.wake_ups.wake(Queue.PREPARE)  # where one waited, there may be more
            run_claim(self.services, claim, self._prepare)
            self.services.ports.wake_ups.wake(Queue.INFER)
            self.services.ports.wake_ups.wake(Queue.FINISH)  # a recording without speech has no segment to wait for
        return claim is not None

    def _prepare(self, claim: Claim, keeper: Keeper) -> Job:
        claim = Fetch(self.services, self.downloader, self.stop).fetched(claim, keeper)
        with (
            self.services.object_store.open(claim.job.recording.source_key) as file,
            self.decoder.open(file) as stream,
        ):
            most = self.services.settings.max_segments
            preparation = Preparation(stream, claim.job.options, self.detectors, most)
            # How many channels the file has is worth showing too where they are the reason for a failure.
            self.services.ports.work_queue.save(claim, _so_far(claim.job, preparation))
            self._store_all(claim, preparation, keeper)
            self.services.ports.work_queue.forget_segments_from(claim, preparation.found)
            self.services.waveform_store.store(claim.job.id, preparation.waveform())
            PREPARED.inc(preparation.decoded / SAMPLE_RATE)
            return _so_far(claim.job, preparation).to(JobState.INFERRING, self.services.clock.now())

    def _store_all(self, claim: Claim, preparation: Preparation, keeper: Keeper) -> None:
        """Stores every clip as it comes and saves how far the preparation is."""
        saved_at = float("-inf")
        for clips in preparation.clips():
            keeper.check()
            if self.stop.is_set():
                raise WorkerStopping
            stored = [self._store(claim.job.id, clip) for clip in clips]
            if stored or time.monotonic() - saved_at > _SAVE_EVERY_S:
                self.services.ports.work_queue.save(claim, _so_far(claim.job, preparation), add=stored)
                saved_at = time.monotonic()
            if stored:
                self.services.ports.wake_ups.wake(Queue.INFER)

    def _store(self, job_id: str, clip: Clip) -> StoredSegment:
        key = audio_key(job_id, clip.segment)
        with self.services.object_store.writer(key) as writer:
            writer.write(flac(clip))
        return StoredSegment(clip.segment, key)


def flac(clip: Clip) -> bytes:
    """The clip's sound, lossless, in a format that browsers play."""
    buffer = io.BytesIO()
    soundfile.write(buffer, clip.samples, SAMPLE_RATE, format="FLAC")
    return buffer.getvalue()


def _so_far(job: Job, preparation: Preparation) -> Job:
    recording = preparation.describe(job.recording)
    return job.evolve(recording=recording, prepared=preparation.decoded, speech=preparation.speech)
