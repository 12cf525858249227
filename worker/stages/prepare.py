"""The stage `preparing`: download a recording given by URL, decode it, and store its segments during decoding."""

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
from worker.stages.download import RecordingDownload
from worker.stages.hold_lease import Lease, WorkerStopping
from worker.stages.job_stage import run_claim

_SAVE_EVERY_S = 1.0
"""The oldest that the progress shown to users may be while there is no new segment."""


@dataclass(frozen=True, slots=True)
class PrepareStage:
    """The stage that turns a recording into segments.

    `stop` is set when the worker must end: a recording in hand, which may need minutes more, is given back.
    """

    services: Services
    downloader: Downloader
    decoder: AudioDecoder
    detectors: VoiceDetectors
    stop: Event

    def run_once(self) -> bool:
        """Prepare the next job; return False when there is none."""
        claim = self.services.ports.work_queue.claim_preparation()
        if claim:
            self.services.ports.wake_ups.wake(Queue.PREPARE)  # more may be waiting
            run_claim(self.services, claim, self._prepare)
            self.services.ports.wake_ups.wake(Queue.INFER)
            self.services.ports.wake_ups.wake(Queue.FINISH)  # a recording without speech has no segment to wait for
        return claim is not None

    def _prepare(self, claim: Claim, lease: Lease) -> Job:
        claim = RecordingDownload(self.services, self.downloader, self.stop).run(claim, lease)
        with (
            self.services.object_store.open(claim.job.recording.source_key) as file,
            self.decoder.open(file) as stream,
        ):
            max_segments = self.services.settings.max_segments
            preparation = Preparation(stream, claim.job.options, self.detectors, max_segments)
            # Saved before any check fails: the number of channels may be the reason for a failure.
            self.services.ports.work_queue.save(claim, _with_progress(claim.job, preparation))
            self._store_clips(claim, preparation, lease)
            self.services.ports.work_queue.forget_segments_from(claim, preparation.segment_count)
            self.services.waveform_store.store(claim.job.id, preparation.waveform())
            PREPARED.inc(preparation.decoded / SAMPLE_RATE)
            return _with_progress(claim.job, preparation).to(JobState.INFERRING, self.services.clock.now())

    def _store_clips(self, claim: Claim, preparation: Preparation, lease: Lease) -> None:
        """Store every clip as it comes, and save the preparation's progress."""
        saved_at = float("-inf")
        for clips in preparation.clips():
            lease.check()
            if self.stop.is_set():
                raise WorkerStopping
            stored = []
            for clip in clips:
                key = audio_key(claim.job.id, clip.segment)
                with self.services.object_store.writer(key) as writer:
                    writer.write(flac(clip))
                stored.append(StoredSegment(clip.segment, key))
            if stored or time.monotonic() - saved_at > _SAVE_EVERY_S:
                self.services.ports.work_queue.save(claim, _with_progress(claim.job, preparation), add=stored)
                saved_at = time.monotonic()
            if stored:
                self.services.ports.wake_ups.wake(Queue.INFER)


def flac(clip: Clip) -> bytes:
    """The clip's sound as a FLAC file: lossless, and playable in browsers."""
    buffer = io.BytesIO()
    soundfile.write(buffer, clip.samples, SAMPLE_RATE, format="FLAC")
    return buffer.getvalue()


def _with_progress(job: Job, preparation: Preparation) -> Job:
    recording = preparation.describe(job.recording)
    return job.evolve(recording=recording, prepared=preparation.decoded, speech=preparation.speech)
