"""The contract of `shared.ports.UploadStore`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import uuid_utils
from sqlalchemy import Engine

from shared.db.uploads import SqlUploadStore
from shared.domain.job import DEFAULT_TENANT, Job
from shared.domain.options import JobOptions
from shared.domain.recording import Recording
from shared.domain.upload import LASTS, PartedUpload, UploadState
from shared.domain.upload_errors import UploadBusy, UploadComplete, UploadNotFound, UploadOffset, UploadUsed
from shared.ports import JobRepository, StoredPart, UploadClaim, UploadStore
from tests.support.clock import ManualClock

DAY_S = LASTS.total_seconds()


@pytest.fixture
def uploads(engine: Engine, clock: ManualClock) -> UploadStore:
    return SqlUploadStore(engine, clock)


def begin_upload(
    uploads: UploadStore, clock: ManualClock, size: int = 10, part_bytes: int | None = None
) -> PartedUpload:
    now = clock.now()
    upload = PartedUpload(
        f"upl_{uuid_utils.uuid7()}", DEFAULT_TENANT, "call.wav", size, part_bytes, now, now + LASTS, metadata="a b"
    )
    uploads.add(upload)
    return upload


def claim_to_append(uploads: UploadStore, upload: PartedUpload, offset: int = 0) -> UploadClaim:
    return uploads.claim_to_append(DEFAULT_TENANT, upload.id, offset)


def claim_to_complete(uploads: UploadStore, upload: PartedUpload) -> UploadClaim:
    return uploads.claim_to_complete(DEFAULT_TENANT, upload.id, f"job_{uuid_utils.uuid7()}")


def complete_upload(uploads: UploadStore, clock: ManualClock) -> PartedUpload:
    upload = begin_upload(uploads, clock, part_bytes=5)
    uploads.complete(claim_to_complete(uploads, upload), "jobs/x/audio/source-1", "ab")
    return uploads.get(DEFAULT_TENANT, upload.id)


def make_job(upload: PartedUpload, clock: ManualClock, key: str | None = None) -> Job:
    assert upload.job_id
    recording = Recording(upload.filename, upload.size, "ab", "jobs/x/audio/source-1")
    return Job(upload.job_id, recording, JobOptions(), clock.now(), upload.tenant, idempotency_key=key)


def test_an_upload_is_found_as_it_was_added_by_its_own_tenant(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begin_upload(uploads, clock, size=10**13)
    assert uploads.get(DEFAULT_TENANT, upload.id) == upload
    with pytest.raises(UploadNotFound):
        uploads.get("other", upload.id)
    with pytest.raises(UploadNotFound):
        uploads.claim_to_append("other", upload.id, 0)
    with pytest.raises(UploadNotFound):
        uploads.claim_to_complete("other", upload.id, "job_1")
    with pytest.raises(UploadNotFound):
        uploads.delete("other", upload.id)


def test_parts_are_stored_in_their_order(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begin_upload(uploads, clock)
    claim = uploads.append(claim_to_append(uploads, upload), StoredPart("b", 4))
    uploads.append(claim, StoredPart("a", 6))
    assert uploads.appended_parts(upload.id) == [StoredPart("b", 4), StoredPart("a", 6)]
    assert uploads.get(DEFAULT_TENANT, upload.id).offset == 10
    for wrong in (0, 4, 11, 10**30):
        with pytest.raises(UploadOffset):
            claim_to_append(uploads, upload, wrong)


def test_a_later_request_takes_the_upload_over_and_the_earlier_one_writes_nothing(
    uploads: UploadStore, clock: ManualClock
) -> None:
    upload = begin_upload(uploads, clock)
    first, second = claim_to_append(uploads, upload), claim_to_append(uploads, upload)
    with pytest.raises(UploadBusy):
        uploads.append(first, StoredPart("first", 10))
    uploads.append(second, StoredPart("second", 4))
    with pytest.raises(UploadBusy):
        uploads.append(first, StoredPart("first", 6))
    assert uploads.appended_parts(upload.id) == [StoredPart("second", 4)]


def test_one_of_several_concurrent_requests_appends(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begin_upload(uploads, clock)

    def append(name: str) -> str | None:
        try:
            uploads.append(claim_to_append(uploads, upload), StoredPart(name, 10))
        except (UploadBusy, UploadOffset):
            return None
        return name

    with ThreadPoolExecutor(8) as pool:
        names = [name for name in pool.map(append, "abcdefgh") if name]
    assert [part.key for part in uploads.appended_parts(upload.id)] == names
    assert len(names) == 1


def test_one_request_joins_the_parts_until_its_lease_ends(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begin_upload(uploads, clock)
    first = claim_to_complete(uploads, upload)
    clock.advance(100)
    uploads.renew(first)
    clock.advance(100)
    with pytest.raises(UploadBusy):
        claim_to_complete(uploads, upload)
    clock.advance(100)
    second = claim_to_complete(uploads, upload)
    assert first.upload.job_id == second.upload.job_id  # the key of the joined object has it
    with pytest.raises(UploadBusy):
        uploads.renew(first)
    with pytest.raises(UploadBusy):
        uploads.complete(first, "first", "00")
    uploads.release(first)
    uploads.complete(second, "second", "ab")
    joined = uploads.get(DEFAULT_TENANT, upload.id)
    assert (joined.state, joined.source_key, joined.sha256) == (UploadState.COMPLETE, "second", "ab")
    with pytest.raises(UploadComplete):
        claim_to_complete(uploads, upload)


def test_a_released_upload_can_be_claimed_again(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begin_upload(uploads, clock)
    uploads.release(claim_to_complete(uploads, upload))
    claim_to_complete(uploads, upload)


def test_a_claim_to_append_to_a_whole_upload_changes_nothing(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begin_upload(uploads, clock)
    uploads.append(claim_to_append(uploads, upload), StoredPart("all", 10))
    claim = claim_to_complete(uploads, upload)
    claim_to_append(uploads, upload, 10)
    uploads.complete(claim, "source", "ab")


def test_a_job_is_made_of_an_upload_once(uploads: UploadStore, jobs: JobRepository, clock: ManualClock) -> None:
    upload = complete_upload(uploads, clock)
    job = make_job(upload, clock)
    assert uploads.use(upload, job) is None
    assert jobs.get(job.id) == job
    assert uploads.get(DEFAULT_TENANT, upload.id) == replace(upload, state=UploadState.USED)
    with pytest.raises(UploadUsed, match=job.id):
        uploads.use(upload, job)
    with pytest.raises(UploadUsed):
        uploads.delete(DEFAULT_TENANT, upload.id)


def test_one_of_several_concurrent_jobs_is_added(uploads: UploadStore, clock: ManualClock) -> None:
    upload = complete_upload(uploads, clock)

    def used(key: str) -> str | None:
        try:
            existing = uploads.use(upload, make_job(upload, clock, key))
        except UploadUsed:
            return None
        return existing.idempotency_key if existing else key

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(used, ["a", "b"] * 8)) - {None}
    assert len(keys) == 1


def test_a_repeated_idempotency_key_gives_the_existing_job_and_leaves_the_upload(
    uploads: UploadStore, clock: ManualClock
) -> None:
    first, second = complete_upload(uploads, clock), complete_upload(uploads, clock)
    job = make_job(first, clock, "key")
    assert uploads.use(first, job) is None
    assert uploads.use(first, make_job(first, clock, "key")) == job
    assert uploads.use(second, make_job(second, clock, "key")) == job
    assert uploads.get(DEFAULT_TENANT, second.id).state is UploadState.COMPLETE


def test_an_expired_upload_is_not_found_and_is_deleted_once(uploads: UploadStore, clock: ManualClock) -> None:
    upload = begin_upload(uploads, clock)
    claim = claim_to_append(uploads, upload)
    clock.advance(DAY_S / 2)
    claim = uploads.append(claim, StoredPart("a", 4))  # extends its life to a day from now
    clock.advance(DAY_S - 1)
    assert uploads.get(DEFAULT_TENANT, upload.id).expires_at == claim.upload.expires_at
    assert uploads.delete_expired() == []
    clock.advance(2)
    with pytest.raises(UploadNotFound):
        uploads.get(DEFAULT_TENANT, upload.id)
    assert [upload.id for upload in uploads.delete_expired()] == [upload.id]
    assert uploads.delete_expired() == []
    with pytest.raises(UploadBusy):
        uploads.append(claim, StoredPart("b", 6))


def test_a_deleted_or_used_upload_is_purged_once_no_part_can_arrive(uploads: UploadStore, clock: ManualClock) -> None:
    deleted, used = begin_upload(uploads, clock), complete_upload(uploads, clock)
    uploads.append(claim_to_append(uploads, deleted), StoredPart("a", 4))
    uploads.delete(DEFAULT_TENANT, deleted.id)
    uploads.use(used, make_job(used, clock))
    clock.advance(2 * DAY_S - 1)
    assert uploads.delete_expired() == uploads.purgeable() == []
    clock.advance(2)
    assert {upload.id for upload in uploads.purgeable()} == {deleted.id, used.id}
    for upload in uploads.purgeable():
        uploads.mark_purged(upload.id)
    assert uploads.purgeable() == []
    assert uploads.appended_parts(deleted.id) == []
