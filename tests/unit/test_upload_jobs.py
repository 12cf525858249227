"""Jobs from uploads."""

from __future__ import annotations

import hashlib

import pytest

from shared.container import Services, build_services
from shared.domain.errors import EndpointNotFound, IdempotencyMismatch, JobNotFound
from shared.domain.options import JobOptions, RetentionOptions
from shared.domain.upload_errors import UploadIncomplete, UploadNotFound, UploadUsed
from shared.ports import Queue
from shared.services.uploads import Uploads
from tests.support.stored_uploads import (
    WAV,
    append,
    appended,
    objects,
    source_of,
)


def test_a_job_has_the_recording_and_deletes_it(later: Services, uploads: Uploads) -> None:
    upload = appended(uploads)
    job = uploads.submit(upload.id, JobOptions())  # which puts it together, as nobody has
    assert later.jobs.get(job.id) == job
    assert (job.recording.filename, job.recording.size_bytes) == ("call.wav", len(WAV))
    assert job.recording.sha256 == hashlib.sha256(WAV).hexdigest()
    assert source_of(later, uploads.get(upload.id)) == WAV
    assert Queue.PREPARE in later.ports.housekeeping.claimable()
    with pytest.raises(UploadUsed):
        uploads.submit(upload.id, JobOptions())
    with pytest.raises(UploadUsed):
        uploads.delete(upload.id)
    later.cancellation.delete(job.id)
    assert objects(later) == []
    with pytest.raises(UploadUsed):
        uploads.submit(upload.id, JobOptions())


def test_retention_deletes_the_recording_of_an_upload_too(later: Services, uploads: Uploads) -> None:
    job = uploads.submit(appended(uploads).id, JobOptions(retention=RetentionOptions(audio_s=0)))
    later.cancellation.cancel(job.id)
    later.sweeper.run()
    assert later.jobs.get(job.id).audio_deleted
    assert objects(later) == []


def test_the_same_key_gives_the_same_job(later: Services, uploads: Uploads) -> None:
    first, second = appended(uploads), appended(uploads)
    job = uploads.submit(first.id, JobOptions(), "key")
    assert uploads.submit(first.id, JobOptions(), "key") == job
    assert uploads.submit(second.id, JobOptions(), "key") == job
    with pytest.raises(IdempotencyMismatch):
        uploads.submit(first.id, JobOptions(channels="mix"), "key")
    with pytest.raises(IdempotencyMismatch):
        uploads.submit(appended(uploads, WAV + b"x").id, JobOptions(), "key")


def test_an_incomplete_upload_becomes_no_job(later: Services, uploads: Uploads) -> None:
    upload = uploads.create("call.wav", len(WAV), None)
    append(uploads, upload, 0, WAV[:1000])
    with pytest.raises(UploadIncomplete, match=rf"1000 of the upload's {len(WAV)} bytes"):
        uploads.submit(upload.id, JobOptions())
    with pytest.raises(EndpointNotFound):
        uploads.submit(upload.id, JobOptions(webhook_endpoint_id="whe_00000000-0000-7000-8000-000000000000"))


def test_other_tenants_cannot_use_an_upload(later: Services, uploads: Uploads) -> None:
    upload = appended(uploads)
    other_tenant = build_services(later.ports, "other").uploads
    for ask in (other_tenant.get, other_tenant.delete, lambda upload_id: other_tenant.submit(upload_id, JobOptions())):
        with pytest.raises(UploadNotFound):
            ask(upload.id)
    with pytest.raises(UploadNotFound):
        append(other_tenant, upload, 0, b"x")
    job = uploads.submit(upload.id, JobOptions())
    with pytest.raises(JobNotFound):
        build_services(later.ports, "other").jobs.get(job.id)
