from __future__ import annotations

import pytest

from shared.container import Services
from shared.domain.errors import JobDeleted, ObjectNotFound
from shared.domain.options import JobOptions
from shared.services.sweep import Sweep
from tests.media.case import spoken


def submitted(services: Services) -> str:
    with services.submit.receive() as upload:
        upload.write(spoken("wav"))
        sha256 = upload.finish()
    return services.submit.enqueue(upload, sha256, "call.wav", JobOptions()).id


def test_what_a_worker_still_writes_for_a_deleted_job_is_swept_away(services: Services) -> None:
    job_id = submitted(services)
    services.end.delete(job_id)
    late = f"jobs/{job_id}/segments/000000.flac"
    with services.objects.writer(late) as writer:
        writer.write(b"late")
    Sweep(services.jobs, services.objects, services.wake_ups, lease_s=0).run()
    with pytest.raises(ObjectNotFound):
        services.objects.locate(late)
    with pytest.raises(JobDeleted):
        services.jobs.get(job_id)
    assert services.jobs.purgeable(0) == []


def test_the_sweep_waits_until_no_worker_can_still_be_writing(services: Services) -> None:
    job_id = submitted(services)
    services.end.delete(job_id)
    services.sweep.run()
    assert services.jobs.purgeable(0) == [job_id]
