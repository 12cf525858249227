"""The work of a process of the service, which may be killed at any line: run in children of the tests.

Database, store, claims and stages are the real ones. The model and the decoder are small ones of this file, because
those of the service live in processes of their own, which other tests kill.
"""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

import numpy as np
import soundfile
from sqlalchemy import Engine
from structlog.testing import capture_logs

from shared.adapters import local_object_store
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, build_services, open_ports
from shared.db import claim_queries, housekeeping, job_repository, turns, work_queue
from shared.db import uploads as stored_uploads
from shared.db.housekeeping import SqlHousekeeping
from shared.db.job_repository import SqlJobRepository
from shared.db.uploads import SqlUploadStore
from shared.db.work_queue import SqlWorkQueue
from shared.domain.emotion import ModelInfo
from shared.domain.errors import JobDeleted, JobFinished, StorageFull
from shared.domain.options import JobOptions, SegmentationOptions, TrackOption
from shared.domain.raw_sound import RawSound
from shared.domain.recording import AudioFormat, RecordingWarning
from shared.frame_scores import softmax
from shared.ports import ObjectStore, ObjectWriter
from shared.services import cancellation, frame_store, part_writers, submission, sweeper, uploads, waveform_store
from shared.settings import Settings
from tests.chaos.places import Place, Watch
from tests.support.clock import ManualClock
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from worker.container import finish_work, infer_work, prepare_work
from worker.pipeline.ports import Prediction, Samples
from worker.queue_task import QueueTask
from worker.stages import finish, hold_lease, infer, job_stage, load_sounds, prepare, store_clips

SECOND = 16_000
SOUND = encoded(speech_like(9, seed=7, pauses=[(2.5, 4), (6.5, 7.7)]).samples[:, None], SECOND, "wav")
OPTIONS = JobOptions(
    channels="mix",
    speakers="auto",
    segmentation=SegmentationOptions(max_ms=3000, min_ms=1000),
    granularity="frame",
    embeddings="frame",
)
LEASE_S = 30.0
_RENEWED_WITHIN_S = 0.06
"""Leases run on a clock that the tests move; workers renew theirs by this one."""
_HANGS_AFTER_S = 300
_PIECE_BYTES = len(SOUND) // 2
_LABELS = ("angry", "happy", "sad")
MORTAL = (
    *(
        claim_queries,
        cancellation,
        finish,
        frame_store,
        infer,
        housekeeping,
        job_stage,
        job_repository,
        hold_lease,
        load_sounds,
        local_object_store,
        prepare,
        store_clips,
        submission,
        sweeper,
        turns,
        work_queue,
    ),
    *(part_writers, stored_uploads, uploads, waveform_store),
)
"""The modules that claim, complete, wake and finish: processes are killed in them."""


@dataclass(frozen=True)
class World:
    """The state that outlives a process: the database, the store, and time; each process has its own `services`."""

    services: Services
    engine: Engine
    clock: ManualClock

    @property
    def folder(self) -> Path:
        return self.services.settings.data_dir

    @property
    def answer(self) -> Path:
        """The file in which the client notes the id of its job when it gets it."""
        return self.folder / "answer"


@contextmanager
def opened(engine: Engine, clock: ManualClock, folder: Path) -> Iterator[World]:
    database_url = engine.url.render_as_string(hide_password=False)
    with open_ports(Settings(data_dir=folder, database_url=database_url), LocalWakeUps(), clock) as ports:
        # Over `engine`, whose connections are closed before a process is forked.
        ports = replace(
            ports,
            settings=ports.settings.model_copy(update={"lease_s": _RENEWED_WITHIN_S}),
            jobs=SqlJobRepository(engine, clock),
            work_queue=SqlWorkQueue(engine, clock, LEASE_S),
            housekeeping=SqlHousekeeping(engine, clock),
            uploads=SqlUploadStore(engine, clock),
        )
        services = build_services(ports)
        yield World(replace(services, sweeper=replace(services.sweeper, lease_s=LEASE_S)), engine, clock)


Story = Callable[[World], None]


def live(world: World, story: Story, reached: Callable[[Place], None] | None) -> None:
    faulthandler.dump_traceback_later(_HANGS_AFTER_S, exit=True)
    with capture_logs(), Watch(MORTAL, reached) if reached else nullcontext():  # tracebacks take long to draw
        story(world)
    faulthandler.cancel_dump_traceback_later()


def analysed(world: World) -> None:
    """A client sends a recording, and again if it gets no answer; workers analyse it."""
    _submit(world)
    _work(world.services)


def analysed_after_errors(world: World) -> None:
    """The same where the store is full at first."""
    full = FullAtFirst(world.services.object_store)
    troubled = build_services(replace(world.services.ports, object_store=full))
    _submit(world)
    _work(troubled)
    for _ in range(2):  # for the sound of the segments, and for the waveform
        world.clock.advance(LEASE_S)  # longer than anything waits for room
        _work(troubled)


def canceled(world: World) -> None:
    """A client cancels its job while it is analysed."""
    job_id = _submit(world)
    _prepare(world.services)
    with suppress(JobFinished):
        world.services.cancellation.cancel(job_id)
    _work(world.services)


def deleted(world: World) -> None:
    """A client deletes its job while it is analysed."""
    job_id = _submit(world)
    _prepare(world.services)
    with suppress(JobDeleted):
        world.services.cancellation.delete(job_id)
    _work(world.services)
    world.clock.advance(3 * LEASE_S)  # longer than a worker may go on with it, unaware
    world.services.sweeper.run()


def uploaded(world: World) -> None:
    """A client sends a recording over tus, from where a process before it got to, and makes a job of it."""
    if not world.answer.exists():
        world.answer.write_text(world.services.uploads.create("call.wav", len(SOUND), None).id)
    upload = world.services.uploads.get(world.answer.read_text())
    while upload.offset < upload.size:
        with world.services.uploads.append(upload.id, upload.offset) as appending:
            appending.write(SOUND[upload.offset :][:_PIECE_BYTES])
        upload = appending.upload
    world.services.uploads.submit(upload.id, OPTIONS, idempotency_key=upload.id)


def _submit(world: World) -> str:
    """The id of the job, of a new one if no process before has got as far as the answer."""
    submit = world.services.submission
    if not world.answer.exists():
        with submit.begin() as upload:
            upload.write(SOUND)
            job = upload.commit("call.wav", OPTIONS)
        world.answer.write_text(job.id)
    return world.answer.read_text()


def _prepare(services: Services) -> None:
    work = prepare_work(services, WavDecoder(), Event())
    while work.run_once():
        pass


def _work(services: Services) -> None:
    """One kind of work after the other until there is none left."""
    works = [
        prepare_work(services, WavDecoder(), Event()),
        infer_work(services, Loudness(), Event()),
        finish_work(services),
    ]
    while any([_busy(work) for work in works]):
        pass


def _busy(work: QueueTask) -> bool:
    try:
        return work.run_once()
    except StorageFull:  # it has given back what it had
        return True


class WavDecoder:
    """`worker.pipeline.ports.AudioDecoder` of WAV files."""

    @contextmanager
    def open(self, file: BinaryIO, track: TrackOption = None, raw: RawSound | None = None) -> Iterator[WavStream]:
        yield WavStream(soundfile.read(file, dtype="int16", always_2d=True)[0])


class WavStream:
    warnings: Sequence[RecordingWarning] = ()

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self.format = AudioFormat("pcm_s16le", SECOND, samples.shape[1], len(samples))

    def blocks(self) -> Iterator[Samples]:
        for start in range(0, len(self._samples), SECOND):
            yield self._samples[start : start + SECOND]


class Loudness:
    """`worker.pipeline.ports.EmotionModel` that goes by how loud each frame is: quick, and always the same."""

    info = ModelInfo("loudness", None, "00", _LABELS)
    batch = 3 * SECOND
    samples_per_s = 0.0

    def predict(
        self, batches: Iterable[Sequence[Samples]], *, frame_embeddings: bool = False
    ) -> Iterator[list[Prediction]]:
        Event().wait(_RENEWED_WITHIN_S / 2)  # long enough for the lease to be renewed meanwhile
        for clips in batches:
            yield [self._prediction(clip, frame_embeddings) for clip in clips]

    def _prediction(self, clip: Samples, frame_embeddings: bool) -> Prediction:
        frame_samples = clip[: len(clip) // 320 * 320].reshape(-1, 320).astype(np.float32) / np.float32(32_768)
        level = np.abs(frame_samples).mean(axis=1, keepdims=True)
        logits = np.concatenate([level, 1 - level, level**2], axis=1)
        scores = dict(zip(_LABELS, softmax(logits.mean(axis=0)).tolist(), strict=True))
        embedding = np.asarray(frame_samples.mean(axis=0), np.float32)
        return Prediction(scores, logits, embedding, frame_samples if frame_embeddings else None)


class FullAtFirst:
    """`shared.ports.ObjectStore` that has no room for the first object of each kind."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._refused: set[str] = set()

    def writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        kind = key.split("/")[2]
        if kind not in self._refused:
            self._refused.add(kind)
            raise StorageFull
        return self._objects.writer(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)
