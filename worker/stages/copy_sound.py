"""Makes copies of recordings for players, on the timeline of the analysis, when somebody wants to listen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Event

import structlog
from structlog.contextvars import bound_contextvars

from shared.container import Services
from shared.domain.errors import LeaseLost, ObjectNotFound, Outage
from shared.domain.job import Job
from shared.ports import CopyClaim, Queue
from shared.services.object_keys import audio_prefix, copy_key
from worker.pipeline.ports import AudioDecoder, Samples
from worker.stages.hold_lease import Lease, WorkerStopping, hold_lease

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CopyStage:
    """The stage that makes copies, one at a time, so that listeners do not hold up analyses.

    `stop` is set when the worker must end: a copy in hand is then given back.
    """

    services: Services
    decoder: AudioDecoder
    stop: Event
    place: BoundedSemaphore = field(default_factory=BoundedSemaphore)

    def run_once(self) -> bool:
        """Make the next copy; return False when there is none or no place. Raises Outage."""
        if not self.place.acquire(blocking=False):
            return False
        try:
            claim = self.services.ports.copies.claim()
            if claim is None:
                return False
            self.services.ports.wake_ups.wake(Queue.PREPARE)  # others may be waiting
            with bound_contextvars(job=claim.job.id, stage="copying"), suppress(LeaseLost):
                self._run(claim)
            return True
        finally:
            self.place.release()

    def _run(self, claim: CopyClaim) -> None:
        copies = self.services.ports.copies
        try:
            with hold_lease(lambda: copies.renew(claim), self.services.settings.lease_s) as lease:
                size = self._copy(claim.job, lease)
            if copies.finish(claim, size):
                _log.info("copy.done", bytes=size)
            else:
                self.services.object_store.delete_prefix(audio_prefix(claim.job.id))
        except WorkerStopping:
            copies.release(claim, tried=False)
        except Outage:
            copies.release(claim, tried=False)
            raise
        except LeaseLost:
            raise
        except Exception as error:
            _log.warning("copy.failed", reason=str(error), exc_info=not isinstance(error, ObjectNotFound))
            copies.release(claim, tried=True)

    def _copy(self, job: Job, lease: Lease) -> int:
        """Write the copy, and return its size. Raises LeaseLost, WorkerStopping, ObjectNotFound, or the decoder's."""
        from worker.adapters.opus_writer import write_opus  # FFmpeg, which few workers need in their own process

        raw = job.options.raw_sound(job.recording.filename)
        with (
            self.services.object_store.open(job.recording.source_key) as file,
            self.decoder.open(file, job.options.track, raw) as stream,
            self.services.object_store.writer(copy_key(job.id)) as writer,
        ):
            return write_opus(self._watched(stream.blocks(), lease), writer)

    def _watched(self, blocks: Iterator[Samples], lease: Lease) -> Iterator[Samples]:
        for block in blocks:
            lease.check()
            if self.stop.is_set():
                raise WorkerStopping
            yield block
