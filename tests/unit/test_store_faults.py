"""A local store that is away or damaged: work waits, deletions are remembered, and nothing fails for good."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from shared.container import Services
from shared.domain.errors import JobDeleted, StoreUnavailable
from shared.domain.job import MAX_ATTEMPTS
from shared.domain.options import JobOptions, RetentionOptions
from shared.services.object_keys import source_key
from tests.support.analysed import submitted
from tests.support.api_client import assert_problem, post_form, post_raw, stored_files
from tests.support.clock import ManualClock
from tests.support.infer import FakeModel, prepared
from tests.support.store_faults import FAULTS, StoreFault
from worker.stages.infer import InferStage

each_fault = pytest.mark.parametrize("fault", FAULTS)
one_fault = pytest.mark.parametrize("fault", FAULTS[-1:])


@one_fault
def test_uploads_are_told_and_the_service_is_not_ready(services: Services, fault: StoreFault) -> None:
    with TestClient(create_app(services, ["testserver"])) as client:
        with fault(services.settings.objects_dir):
            for post in (post_raw, post_form):
                assert_problem(post(client), 503, "store_unavailable")
            assert client.get("/readyz").status_code == 503
            assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 200
        assert client.get("/v1/jobs").json()["data"] == []
        assert post_raw(client).status_code == 202


@one_fault
def test_work_in_hand_waits_and_counts_no_attempt(services: Services, fault: StoreFault) -> None:
    job_id = prepared(services, 2)
    stage = InferStage(services, FakeModel())
    with fault(services.settings.objects_dir):
        for _ in range(MAX_ATTEMPTS + 1):
            with pytest.raises(StoreUnavailable):
                stage.run_once()
    assert stage.run_once()
    assert [result.ok for result in services.jobs.results(job_id)] == [True, False]  # the second is silence


@each_fault
def test_objects_are_not_missing_because_the_store_is(services: Services, fault: StoreFault) -> None:
    store, job_id = services.object_store, submitted(services, JobOptions())
    reads: list[Callable[[], object]] = [
        lambda: store.read(source_key(job_id)),
        lambda: store.open(source_key(job_id)).__enter__(),
        lambda: store.sizes(f"jobs/{job_id}/"),
        lambda: store.delete_prefix(f"jobs/{job_id}/"),
        store.check,
    ]
    with fault(services.settings.objects_dir):
        for read in reads:
            with pytest.raises(StoreUnavailable):
                read()
    assert store.read(source_key(job_id))


@one_fault
def test_what_cannot_be_deleted_is_deleted_later(later: Services, clock: ManualClock, fault: StoreFault) -> None:
    expired, audio = (submitted(later, JobOptions(retention=RetentionOptions(**kept))) for kept in KEPT)
    deleted, purged = submitted(later, JobOptions()), submitted(later, JobOptions())
    for job_id in (expired, audio):
        later.cancellation.cancel(job_id)
    assert later.cancellation.delete(purged)
    with later.object_store.writer(source_key(purged)) as writer:
        writer.write(b"late")
    since = clock.now()
    assert later.ports.backlog.undeleted_since() == since
    with fault(later.settings.objects_dir):
        assert not later.cancellation.delete(deleted)
        clock.advance(3600)
        later.sweeper.run()
        assert later.ports.backlog.undeleted_since() == since
    assert len(stored_files(later)) == 4
    with pytest.raises(JobDeleted):
        later.jobs.get(deleted)
    clock.advance(3 * later.settings.lease_s)  # workers may have written for those that were deleted just now
    later.sweeper.run()
    assert stored_files(later) == []
    assert later.jobs.get(audio).audio_deleted
    assert later.ports.backlog.undeleted_since() is None


KEPT: list[dict[str, int]] = [{"results_s": 0}, {"audio_s": 0}]


@one_fault
def test_the_answer_to_a_deletion_says_whether_it_is_complete(services: Services, fault: StoreFault) -> None:
    with TestClient(create_app(services, ["testserver"])) as client:
        first, second = (post_raw(client).json()["id"] for _ in range(2))
        with fault(services.settings.objects_dir):
            assert client.delete(f"/v1/jobs/{first}").status_code == 202
            assert "emoline_undeleted_oldest_seconds" in client.get("/metrics").text
        assert client.delete(f"/v1/jobs/{second}").status_code == 204
        assert_problem(client.get(f"/v1/jobs/{first}"), 410, "job_deleted")
