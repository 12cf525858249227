from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import groupby
from threading import Event
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from shared.container import Services
from shared.domain.errors import StorageFull
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import Segment
from shared.ports import ObjectStore, ObjectWriter, StoredSegment
from worker.pipeline.cut_placement import Cut, CutReason
from worker.pipeline.ports import Samples
from worker.pipeline.prepare import Clip
from worker.stages.load_sounds import load_sounds
from worker.stages.store_clips import ClipWriter


def clips(number: int, seconds: float = 0.1) -> list[Clip]:
    length = int(seconds * SAMPLE_RATE)
    random = np.random.default_rng(0)
    segments = [Segment(index, 0, index * length, (index + 1) * length, length) for index in range(number)]
    return [
        Clip(segment, random.integers(-999, 999, length, np.int16), Cut(CutReason.END_OF_TALK)) for segment in segments
    ]


def written(objects: ObjectStore, of_job: list[Clip]) -> list[StoredSegment]:
    with ClipWriter(objects, "job_1") as writer:
        stored = []
        for clip in of_job:
            writer.add(clip)
            stored += writer.stored()
        return stored + writer.finish()


def counts(stored: list[StoredSegment]) -> list[int]:
    """The number of segments in each object."""
    return [len(list(group)) for _, group in groupby(segment.audio_key for segment in stored)]


def loaded(objects: ObjectStore, stored: list[StoredSegment]) -> list[Samples]:
    with ThreadPoolExecutor(4) as threads:
        return load_sounds(objects, stored, threads)


def test_objects_hold_ever_more_segments_and_are_the_same_at_each_attempt(services: Services) -> None:
    of_job = clips(200)
    stored = written(services.object_store, of_job)
    assert counts(stored) == [1, 2, 4, 8, 16, 32, 64, 64, 9]
    assert [segment.segment for segment in stored] == [clip.segment for clip in of_job]
    assert written(services.object_store, of_job) == stored


def test_an_object_holds_five_minutes_of_sound_and_a_clip_at_most(services: Services) -> None:
    assert counts(written(services.object_store, clips(30, 29))) == [1, 2, 4, 8, 11, 4]


def test_the_sound_of_each_segment_is_loaded_as_it_was_stored(services: Services) -> None:
    of_job = clips(20)
    stored = written(services.object_store, of_job)
    for wanted in (range(20), range(9, 12), (17, 3, 8)):
        sounds = loaded(services.object_store, [stored[index] for index in wanted])
        assert all(np.array_equal(sound, of_job[index].samples) for sound, index in zip(sounds, wanted, strict=True))
    first = stored[0]
    assert first.audio_span is not None
    with services.object_store.open(first.audio_key) as file:
        assert np.array_equal(soundfile.read(io.BytesIO(file.read()), dtype="int16")[0], of_job[0].samples)


def test_segments_whose_sound_is_missing_or_broken_are_empty_and_the_others_are_loaded(services: Services) -> None:
    stored = written(services.object_store, clips(7))
    services.object_store.delete_prefix("jobs/job_1/")
    with services.object_store.writer(stored[1].audio_key) as writer:
        writer.write(b"no FLAC")
    kept = written(services.object_store, clips(3, 0.2))
    lengths = [len(sound) for sound in loaded(services.object_store, [*stored[1:], *kept])]
    assert lengths == [0, 0, 0, 0, 0, 0, 3200, 3200, 3200]


class SlowStore:
    """An object store that writes when it is told to, or raises `error`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go_on = Event()
        self.keys: list[str] = []
        self._error = error

    @contextmanager
    def writer(self, key: str) -> Iterator[ObjectWriter]:
        self.go_on.wait()
        if self._error:
            raise self._error
        yield io.BytesIO()
        self.keys.append(key)


def test_decoding_goes_on_while_ten_minutes_of_sound_are_not_stored_and_then_waits() -> None:
    slow: Any = SlowStore()
    with ClipWriter(slow, "job_1") as writer, ThreadPoolExecutor(1) as thread:
        for clip in clips(45, 20):  # objects of 1, 2, 4, 8, 15 and 15 clips
            assert writer.stored() == []
            writer.add(clip)
        waiting = thread.submit(writer.stored)
        finished = wait([waiting], 0.2).done
        slow.go_on.set()
        assert not finished
        assert [segment.segment.index for segment in waiting.result() + writer.finish()] == list(range(45))
    assert len(slow.keys) == 6


def test_an_error_of_the_store_is_raised_where_segments_are_asked_for() -> None:
    full = SlowStore(StorageFull())
    full.go_on.set()
    with pytest.raises(StorageFull), ClipWriter(cast(ObjectStore, full), "job_1") as writer:  # noqa: PT012
        writer.add(clips(1)[0])
        writer.finish()
