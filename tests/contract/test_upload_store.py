"""What every adapter of `shared.ports.UploadStore` does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import uuid_utils
from sqlalchemy import Engine

from shared.db.uploads import SqlUploadStore
from shared.domain.errors import (
    UploadBusy,
    UploadComplete,
    UploadNotFound,
    UploadOffset,
    UploadUsed,
)
from shared.domain.job import DEFAULT_TENANT, Job
from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.upload import LASTS, PartedUpload, UploadState
from shared.ports import JobRepository, StoredPart, UploadClaim, UploadStore
from tests.support.clock import ManualClock

DAY_S = LASTS.total_seconds()


@pytest.fixture
def uploads(engine: Engine, clock: ManualClock) -> UploadStore:
    return SqlUploadStore(engine, clock)


def begun(uploads: UploadStore, clock: ManualClock, size: int = 10, part_bytes: int | None = None) -> PartedUpload:
    now = clock.now()
    upload = PartedUpload(
        f"upl_{uuid_utils.uuid7()}", DEFAULT_TENANT, "call.wav", size, part_bytes, now, now + LASTS, metadata="a b"
    )
    uploads.add(upload)
    return upload


def appending(uploads: UploadStore, upload: PartedUpload, offset: int = 0) -> UploadClaim:
    return uploads.claim_to_append(DEFAULT_TENANT, upload.id, offset)


def completing(uploads: UploadStore, upload: PartedUpload) -> UploadClaim:
    return uploads.claim_to_complete(DEFAULT_TENANT, upload.id, f"job_{uuid_utils.uuid7()}")


def completed(uploads: UploadStore, clock: ManualClock) -> PartedUpload:
    upload = begun(uploads, clock, part_bytes=5)
    uploads.complete(completing(uploads, upload), "jobs/x/audio/source-1", "ab")
    return uploads.get(DEFAULT_TENANT, upload.id)


def job_of(upload: PartedUpload, clock: ManualClock, key: str | None = None) -> Job:
    assert upload.job_id
    recording = Recording(upload.filename, upload.size, "ab", "jobs/x/audio/source-1")
    return Job(upload.job_id, recording, JobOptions(), clock.now(), upload.tenant, idempotency_key=key)


def test_an_upload_is_found_as_it_was_added_by_its_own_tenant(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begun(uploads, clock, size=10**13)
    assert uploads.get(DEFAULT_TENANT, upload.id) == upload
    with pytest.raises(UploadNotFound):
        uploads.get("other", upload.id)
    with pytest.raises(UploadNotFound):
        uploads.claim_to_append("other", upload.id, 0)
    with pytest.raises(UploadNotFound):
        uploads.claim_to_complete("other", upload.id, "job_1")
    with pytest.raises(UploadNotFound):
        uploads.delete("other", upload.id)


def test_what_comes_is_written_down_in_its_order(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begun(uploads, clock)
    claim = uploads.append(appending(uploads, upload), StoredPart("b", 4))
    uploads.append(claim, StoredPart("a", 6))
    assert uploads.appended(upload.id) == [StoredPart("b", 4), StoredPart("a", 6)]
    assert uploads.get(DEFAULT_TENANT, upload.id).offset == 10
    for wrong in (0, 4, 11, 10**30):
        with pytest.raises(UploadOffset):
            appending(uploads, upload, wrong)


def test_who_goes_on_later_has_the_upload_and_the_one_before_writes_nothing(
    uploads: UploadStore, clock: ManualClock
) -> None:
    upload = begun(uploads, clock)
    first, second = appending(uploads, upload), appending(uploads, upload)
    with pytest.raises(UploadBusy):
        uploads.append(first, StoredPart("first", 10))
    uploads.append(second, StoredPart("second", 4))
    with pytest.raises(UploadBusy):
        uploads.append(first, StoredPart("first", 6))
    assert uploads.appended(upload.id) == [StoredPart("second", 4)]


def test_of_many_that_go_on_at_once_one_does(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begun(uploads, clock)

    def go_on(name: str) -> str | None:
        try:
            uploads.append(appending(uploads, upload), StoredPart(name, 10))
        except (UploadBusy, UploadOffset):
            return None
        return name

    with ThreadPoolExecutor(8) as pool:
        done = [name for name in pool.map(go_on, "abcdefgh") if name]
    assert [part.key for part in uploads.appended(upload.id)] == done
    assert len(done) == 1


def test_one_puts_an_upload_together_until_its_lease_ends(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begun(uploads, clock)
    first = completing(uploads, upload)
    clock.advance(100)
    uploads.renew(first)
    clock.advance(100)
    with pytest.raises(UploadBusy):
        completing(uploads, upload)
    clock.advance(100)
    second = completing(uploads, upload)
    assert first.upload.job_id == second.upload.job_id  # under which it lies
    with pytest.raises(UploadBusy):
        uploads.renew(first)
    with pytest.raises(UploadBusy):
        uploads.complete(first, "first", "00")
    uploads.release(first)
    uploads.complete(second, "second", "ab")
    done = uploads.get(DEFAULT_TENANT, upload.id)
    assert (done.state, done.source_key, done.sha256) == (UploadState.COMPLETE, "second", "ab")
    with pytest.raises(UploadComplete):
        completing(uploads, upload)


def test_who_gives_up_lets_another_try(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begun(uploads, clock)
    uploads.release(completing(uploads, upload))
    completing(uploads, upload)


def test_to_ask_for_more_where_all_is_there_disturbs_nobody(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begun(uploads, clock)
    uploads.append(appending(uploads, upload), StoredPart("all", 10))
    claim = completing(uploads, upload)
    appending(uploads, upload, 10)
    uploads.complete(claim, "source", "ab")


def test_a_job_is_made_of_an_upload_once(uploads: UploadStore, jobs: JobRepository, clock: ManualClock) -> None:
    upload = completed(uploads, clock)
    job = job_of(upload, clock)
    assert uploads.use(upload, job) is None
    assert jobs.get(job.id) == job
    assert uploads.get(DEFAULT_TENANT, upload.id) == replace(upload, state=UploadState.USED)
    with pytest.raises(UploadUsed, match=job.id):
        uploads.use(upload, job)
    with pytest.raises(UploadUsed):
        uploads.delete(DEFAULT_TENANT, upload.id)


def test_of_many_jobs_at_once_one_is_made(uploads: UploadStore, clock: ManualClock) -> None:
    upload = completed(uploads, clock)

    def used(key: str) -> str | None:
        try:
            there = uploads.use(upload, job_of(upload, clock, key))
        except UploadUsed:
            return None
        return there.idempotency_key if there else key

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(used, ["a", "b"] * 8)) - {None}
    assert len(made) == 1


def test_a_key_that_was_used_gives_the_job_that_is_there_and_leaves_the_upload(
    uploads: UploadStore, clock: ManualClock
) -> None:
    first, second = completed(uploads, clock), completed(uploads, clock)
    job = job_of(first, clock, "key")
    assert uploads.use(first, job) is None
    assert uploads.use(first, job_of(first, clock, "key")) == job
    assert uploads.use(second, job_of(second, clock, "key")) == job
    assert uploads.get(DEFAULT_TENANT, second.id).state is UploadState.COMPLETE


def test_what_is_over_is_not_there_and_is_deleted_once(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begun(uploads, clock)
    claim = appending(uploads, upload)
    clock.advance(DAY_S / 2)
    claim = uploads.append(claim, StoredPart("a", 4))  # from when on it lasts a day again
    clock.advance(DAY_S - 1)
    assert uploads.get(DEFAULT_TENANT, upload.id).expires_at == claim.upload.expires_at
    assert uploads.delete_expired() == []
    clock.advance(2)
    with pytest.raises(UploadNotFound):
        uploads.get(DEFAULT_TENANT, upload.id)
    assert [over.id for over in uploads.delete_expired()] == [upload.id]
    assert uploads.delete_expired() == []
    with pytest.raises(UploadBusy):
        uploads.append(claim, StoredPart("b", 6))


def test_what_was_deleted_or_used_is_forgotten_when_nothing_can_come_any_more(
    uploads: UploadStore, clock: ManualClock
) -> None:
    deleted, used = begun(uploads, clock), completed(uploads, clock)
    uploads.append(appending(uploads, deleted), StoredPart("a", 4))
    uploads.delete(DEFAULT_TENANT, deleted.id)
    uploads.use(used, job_of(used, clock))
    clock.advance(2 * DAY_S - 1)
    assert uploads.delete_expired() == uploads.purgeable() == []
    clock.advance(2)
    assert {upload.id for upload in uploads.purgeable()} == {deleted.id, used.id}
    for upload in uploads.purgeable():
        uploads.purged(upload.id)
    assert uploads.purgeable() == []
    assert uploads.appended(deleted.id) == []
