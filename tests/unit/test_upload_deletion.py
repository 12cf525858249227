"""Uploads that are abandoned or deleted."""

from __future__ import annotations

from collections import deque
from itertools import count

import pytest

from shared.container import Services
from shared.domain.options import JobOptions
from shared.domain.upload_errors import UploadBusy, UploadNotFound
from shared.services.uploads import Uploads
from tests.support.clock import ManualClock
from tests.support.stored_uploads import (
    DAY_S,
    LONG,
    appended,
    complete,
    objects,
    source_of,
)


@pytest.mark.parametrize("together", [False, True])
def test_unused_uploads_are_deleted_in_time(
    later: Services, uploads: Uploads, clock: ManualClock, together: bool
) -> None:
    upload = appended(uploads)
    if together:
        complete(uploads, upload)
    clock.advance(DAY_S - 1)
    later.sweeper.run()
    assert len(objects(later)) == 1
    clock.advance(2)
    with pytest.raises(UploadNotFound):
        uploads.submit(upload.id, JobOptions())
    later.sweeper.run()
    assert objects(later) == []


def test_bytes_sent_to_a_deleted_upload_are_swept_away(later: Services, uploads: Uploads, clock: ManualClock) -> None:
    upload = uploads.create("call.wav", 25, 10)
    with uploads.receive_part(upload.id, 1) as late:
        late.write(bytes(10))
        uploads.delete(upload.id)
    later.sweeper.run()
    assert len(objects(later)) == 1
    clock.advance(2 * DAY_S + 1)
    later.sweeper.run()
    assert objects(later) == []


def test_an_upload_deleted_during_completion_leaves_no_objects(
    later: Services, uploads: Uploads, clock: ManualClock
) -> None:
    upload = appended(uploads, LONG)
    steps = uploads.completing(upload.id)
    next(steps)
    uploads.delete(upload.id)
    with pytest.raises(UploadBusy):
        deque(steps, maxlen=0)
    assert objects(later) == []


def test_a_completion_that_is_abandoned_at_any_step_can_be_resumed(
    later: Services, uploads: Uploads, clock: ManualClock
) -> None:
    upload = appended(uploads, LONG)
    for steps in count():
        attempt = uploads.completing(upload.id)
        try:
            for _ in range(steps):
                next(attempt)
        except StopIteration:
            break
        attempt.close()
        assert later.object_store.sizes("jobs/") == {}
        clock.advance(121)
    job = uploads.submit(upload.id, JobOptions())
    assert source_of(later, uploads.get(upload.id)) == LONG
    assert objects(later) == [job.recording.source_key]
