"""Uploads in parts, also with lost connections, concurrent requests and killed processes."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections import deque
from dataclasses import replace

import pytest

from shared.container import Services
from shared.domain.options import JobOptions
from shared.domain.upload import UploadState, part_bytes_for
from shared.domain.upload_errors import (
    ChecksumMismatch,
    EmptyUpload,
    MalformedUpload,
    NotMedia,
    PartSize,
    UploadBusy,
    UploadIncomplete,
    UploadOffset,
    UploadTooLarge,
)
from shared.services.uploads import Uploads
from tests.support.clock import ManualClock
from tests.support.stored_uploads import (
    DAY_S,
    LONG,
    MB,
    WAV,
    append,
    appended,
    break_off,
    complete,
    objects,
    put_part,
    source_of,
)


@pytest.mark.parametrize(
    ("size", "requested", "expected"), [(10, 5, 5), (5000, 5, 5), (5001, 5, 6), (20 << 30, 64 << 20, 64 << 20)]
)
def test_parts_have_the_requested_size_unless_there_would_be_too_many(size: int, requested: int, expected: int) -> None:
    assert part_bytes_for(size, requested) == expected
    assert -(-size // expected) <= 1000


def test_parts_cover_the_recording_and_the_last_is_the_rest(uploads: Uploads) -> None:
    upload = uploads.create("../a/call.wav", 25, 10)
    assert [(part.number, part.offset, part.size) for part in upload.parts] == [(1, 0, 10), (2, 10, 10), (3, 20, 5)]
    assert upload.filename == "call.wav"


def test_a_recording_in_parts_is_put_together_and_the_parts_go(later: Services, uploads: Uploads) -> None:
    upload = uploads.create("call.wav", len(WAV), 10_000)
    put_part(uploads, upload)
    completed = complete(uploads, upload, hashlib.sha256(WAV).hexdigest().upper())
    assert source_of(later, completed) == WAV
    assert (completed.state, completed.sha256) == (UploadState.COMPLETE, hashlib.sha256(WAV).hexdigest())
    assert objects(later) == [completed.source_key]
    assert complete(uploads, upload) == completed


def test_parts_that_are_missing_or_too_short_are_named(later: Services, uploads: Uploads) -> None:
    upload = uploads.create("call.wav", 20 * 10, 10)
    put_part(uploads, upload, 2, 20)
    with later.object_store.writer(f"uploads/{upload.id}/parts/3") as writer:  # as a client may by a URL of the store
        writer.write(b"short")
    views = uploads.parts(upload)
    assert [view.part.number for view in views if view.stored] == [2, 20]
    with pytest.raises(UploadIncomplete, match=r"1, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more\."):
        complete(uploads, upload)


def test_a_part_of_another_size_is_not_kept(later: Services, uploads: Uploads) -> None:
    upload = uploads.create("call.wav", 25, 10)
    for wrong in (b"", b"123456789", b"12345678901"):
        with pytest.raises(PartSize), uploads.receive_part(upload.id, 1) as whole:
            whole.write(wrong)
    assert objects(later) == []


def test_an_upload_with_a_wrong_checksum_or_no_media_stays_open_and_stores_no_recording(
    later: Services, uploads: Uploads
) -> None:
    upload = uploads.create("call.wav", len(WAV), 10_000)
    put_part(uploads, upload)
    before = objects(later)
    with pytest.raises(ChecksumMismatch):
        complete(uploads, upload, "0" * 64)
    assert objects(later) == before
    complete(uploads, upload)
    with pytest.raises(ChecksumMismatch):
        complete(uploads, upload, "0" * 64)
    text = appended(uploads, b"this is only text")
    with pytest.raises(NotMedia):
        complete(uploads, text)
    assert uploads.get(text.id).state is UploadState.OPEN


def test_empty_and_oversized_uploads_are_refused_at_the_start(later: Services, uploads: Uploads) -> None:
    with pytest.raises(EmptyUpload):
        uploads.create("call.wav", 0, None)
    small = Uploads(uploads.store, replace(uploads.submission, max_bytes=100))
    with pytest.raises(UploadTooLarge):
        small.create("call.wav", 101, 10)
    assert small.create("call.wav", 100, 10)


def test_bytes_before_a_lost_connection_are_kept_and_the_rest_follows(later: Services, uploads: Uploads) -> None:
    upload = uploads.create("call.wav", len(WAV), None)
    with pytest.raises(MalformedUpload):
        break_off(uploads, upload, 0, WAV[:1000], MalformedUpload())
    assert uploads.get(upload.id).offset == 1000
    with pytest.raises(UploadOffset):
        append(uploads, upload, 0, WAV)
    append(uploads, upload, 1000, WAV[1000:])
    assert source_of(later, complete(uploads, upload)) == WAV


def test_bytes_that_cannot_be_stored_are_not_counted(later: Services, uploads: Uploads) -> None:
    upload = uploads.create("call.wav", len(WAV), None)
    with pytest.raises(RuntimeError):
        break_off(uploads, upload, 0, WAV[:1000], RuntimeError())
    with pytest.raises(PartSize):
        append(uploads, upload, 0, WAV + b"x")
    assert uploads.get(upload.id).offset == 0
    assert objects(later) == []


def test_most_bytes_of_a_large_append_survive_a_kill_of_the_service(later: Services, uploads: Uploads) -> None:
    upload = uploads.create("call.wav", 100 * MB, None)
    with pytest.raises(RuntimeError):
        break_off(uploads, upload, 0, bytes(70 * MB), RuntimeError())
    assert uploads.get(upload.id).offset == 64 * MB
    assert list(later.object_store.sizes(f"uploads/{upload.id}/").values()) == [64 * MB]


def test_an_overtaken_append_writes_nothing(later: Services, uploads: Uploads) -> None:
    def overtaken() -> None:
        with uploads.append(upload.id, 0) as dead:
            dead.write(bytes(500))
            append(uploads, upload, 0, WAV)

    upload = uploads.create("call.wav", len(WAV), None)
    with pytest.raises(UploadBusy):
        overtaken()
    assert source_of(later, complete(uploads, upload)) == WAV


def test_an_upload_is_put_together_by_one_at_a_time(later: Services, uploads: Uploads) -> None:
    upload = appended(uploads, LONG)
    first = uploads.completing(upload.id)
    next(first)
    with pytest.raises(UploadBusy):
        next(uploads.completing(upload.id))
    first.close()
    assert source_of(later, complete(uploads, upload)) == LONG


def test_a_completion_that_sleeps_while_another_completes_changes_nothing(
    later: Services, uploads: Uploads, clock: ManualClock
) -> None:
    upload = appended(uploads, LONG)
    slow = uploads.completing(upload.id)
    next(slow)
    clock.advance(121)
    completed = complete(uploads, upload)
    with pytest.raises(UploadBusy):
        deque(slow, maxlen=0)
    assert objects(later) == [completed.source_key]
    assert uploads.get(upload.id) == completed


def test_a_part_that_is_sent_again_while_all_is_put_together_ends_that(later: Services, uploads: Uploads) -> None:
    upload = uploads.create("call.wav", len(LONG), 2 * MB)
    put_part(uploads, upload, content=LONG)
    steps = uploads.completing(upload.id)
    next(steps)
    with later.object_store.writer(f"uploads/{upload.id}/parts/2") as writer:
        writer.write(b"short")
    with pytest.raises(UploadIncomplete):
        deque(steps, maxlen=0)


def test_bytes_after_completion_do_not_change_the_recording(
    later: Services, uploads: Uploads, clock: ManualClock
) -> None:
    upload = uploads.create("call.wav", len(WAV), len(WAV))
    with uploads.receive_part(upload.id, 1) as late:
        late.write(bytes(len(WAV)))
        put_part(uploads, upload)
        completed = complete(uploads, upload)
        job = uploads.submit(upload.id, JobOptions())
    assert len(objects(later)) == 2
    assert source_of(later, completed) == WAV
    clock.advance(2 * DAY_S + 1)
    later.sweeper.run()
    assert objects(later) == [job.recording.source_key]


def test_memory_does_not_grow_with_the_recording(uploads: Uploads) -> None:
    assert _peak(uploads, 80 * MB) < _peak(uploads, 20 * MB) + MB


def _peak(uploads: Uploads, size: int) -> int:
    """Most bytes held while an upload is taken and put together."""
    upload = uploads.create("call.wav", size, None)
    tracemalloc.start()
    with uploads.append(upload.id, 0) as appending:
        for _ in range(size // MB):
            appending.write(bytes(MB))
    complete(uploads, upload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
