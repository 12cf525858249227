"""The stage `preparing`: download a recording given by URL, decode it, and store its segments during decoding."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Event

from shared.container import Services
from shared.domain.job import Job, JobState
from shared.domain.recording import SAMPLE_RATE
from shared.ports import Claim, Queue, StoredSegment
from worker.metrics import PREPARED
from worker.pipeline.ports import AudioDecoder, Downloader, SpeakerEncoder, VoiceDetectors
from worker.pipeline.prepare import Preparation
from worker.stages.download import MOST_DOWNLOADS, DownloadSlots, RecordingDownload
from worker.stages.hold_lease import Lease, WorkerStopping
from worker.stages.job_stage import StageFunction, run_claim
from worker.stages.store_clips import ClipWriter

_DECODED_AT_ONCE = 2
PREPARE_THREADS = _DECODED_AT_ONCE + MOST_DOWNLOADS
_CHECK_EVERY_S = 1.0
_SAVE_EVERY_S = 1.0
"""The oldest that the progress shown to users may be while there is no new segment."""


@dataclass(frozen=True, slots=True)
class PrepareStage:
    """The stage that turns a recording into segments.

    `stop` is set when the worker must end: a recording in hand, which may need minutes more, is given back. Two
    recordings are decoded at once, so that a long one does not hold up a short one; besides, `downloads` go on, which
    mostly wait for hosts.
    """

    services: Services
    downloader: Downloader
    decoder: AudioDecoder
    detectors: VoiceDetectors
    stop: Event
    encoder: SpeakerEncoder | None = None
    downloads: DownloadSlots = field(default_factory=DownloadSlots)
    decoding: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_DECODED_AT_ONCE))

    def run_once(self) -> bool:
        """Prepare the next job; return False when there is none for which a place is free."""
        return self.prepare_stored() or self.download_and_prepare()

    def prepare_stored(self) -> bool:
        """Prepare the next job whose recording is in the store; return False when there is none or no place."""
        if not self.decoding.acquire(blocking=False):
            return False
        try:
            claim = self.services.ports.work_queue.claim_preparation(to_download=False)
            if claim:
                self._run(claim, self.prepare)
        finally:
            self.decoding.release()
        return claim is not None

    def download_and_prepare(self) -> bool:
        """Prepare the next job whose recording is to be downloaded; return False when there is none or no place."""
        with self.downloads.claimed(self.services.ports.work_queue) as (claim, slot):
            if claim is None:
                return False

            def work(claim: Claim, lease: Lease) -> Job:
                claim = RecordingDownload(self.services, self.downloader, self.stop).run(claim, lease)
                slot.close()
                while not self.decoding.acquire(timeout=_CHECK_EVERY_S):
                    self._check(lease)
                try:
                    return self.prepare(claim, lease)
                finally:
                    self.decoding.release()

            self._run(claim, work)
            return True

    def _run(self, claim: Claim, work: StageFunction) -> None:
        self.services.ports.wake_ups.wake(Queue.PREPARE)  # more may be waiting
        run_claim(self.services, claim, work)
        self.services.ports.wake_ups.wake(Queue.INFER)
        self.services.ports.wake_ups.wake(Queue.FINISH)  # a recording without speech has no segment to wait for

    def _check(self, lease: Lease) -> None:
        lease.check()
        if self.stop.is_set():
            raise WorkerStopping

    def prepare(self, claim: Claim, lease: Lease) -> Job:
        """Decode and cut the recording of a job, and return the job as it is then."""
        raw = claim.job.options.raw_sound(claim.job.recording.filename)
        with (
            self.services.object_store.open(claim.job.recording.source_key) as file,
            self.decoder.open(file, claim.job.options.track, raw) as stream,
        ):
            max_segments = self.services.settings.max_segments
            preparation = Preparation(stream, claim.job.options, self.detectors, max_segments, encoder=self.encoder)
            # Saved before any check fails: the number of channels may be the reason for a failure.
            self.services.ports.work_queue.save(claim, _with_progress(claim.job, preparation))
            self._store(claim, preparation, lease)
            self.services.ports.work_queue.forget_segments_from(claim, preparation.segment_count)
            PREPARED.inc(preparation.decoded / SAMPLE_RATE)
            return _with_progress(claim.job, preparation).to(JobState.INFERRING, self.services.clock.now())

    def _store(self, claim: Claim, preparation: Preparation, lease: Lease) -> None:
        """Store every clip as it comes and, beside the last ones, waveform and times of speech; save the progress."""
        saved_at = float("-inf")
        with ClipWriter(self.services.object_store, claim.job.id) as writer:
            for clips in preparation.clips():
                self._check(lease)
                for clip in clips:
                    writer.add(clip)
                stored = writer.stored()
                if stored or time.monotonic() - saved_at > _SAVE_EVERY_S:
                    self._save(claim, preparation, stored)
                    saved_at = time.monotonic()
            with ThreadPoolExecutor(1, "store-waveform") as beside:
                waveform = beside.submit(self.services.waveform_store.store, claim.job.id, preparation.waveform())
                speech = beside.submit(self.services.speech_store.store, claim.job.id, preparation.speech_times())
                self._save(claim, preparation, writer.finish(), preparation.speaker_numbers)
            waveform.result()
            speech.result()

    def _save(
        self,
        claim: Claim,
        preparation: Preparation,
        stored: Sequence[StoredSegment],
        speakers: Sequence[int] = (),
    ) -> None:
        self.services.ports.work_queue.save(
            claim, _with_progress(claim.job, preparation), add=stored, speakers=speakers
        )
        if stored:
            self.services.ports.wake_ups.wake(Queue.INFER)


def _with_progress(job: Job, preparation: Preparation) -> Job:
    recording = preparation.describe(job.recording)
    return job.evolve(recording=recording, prepared=preparation.decoded, speech=preparation.speech)
