"""Jobs whose recordings are downloaded: real hosts, a real store, and workers that are interrupted."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from socket import socket
from threading import Event, Semaphore, Thread
from typing import Any, BinaryIO

import pytest
from sqlalchemy import text

from shared.adapters.local_wake_ups import LocalWakeUps
from shared.adapters.outgoing_http import Outgoing
from shared.container import Services, build_services, open_services
from shared.db.engine import open_engine
from shared.domain.errors import JobDeleted
from shared.domain.failure import FailureCode
from shared.domain.job import Job, JobState
from shared.domain.options import JobOptions, RetentionOptions
from shared.ports import JobFilter
from shared.services.object_keys import source_key
from shared.settings import Settings
from tests.support.clock import ManualClock
from tests.support.hostile_urls import LITERALS, TRICKS
from tests.support.media.case import spoken
from tests.support.servers.host import Host, Script, chunks, hosting, raw, redirects, says
from tests.support.waiting import PATIENCE_S
from worker.adapters.downloader import HttpDownloader
from worker.pipeline_builder import VOICE_DETECTORS, build_decoder
from worker.stages.prepare import PREPARE_THREADS, PrepareStage

WAV = spoken("wav")
SECRET = "X-Signature=5ecre7"
SLOWLY = raw(b"HTTP/1.1 200 OK\r\n\r\n", *[WAV[:2000]] * 1000, every_s=0.05)
MOST_BYTES = 2 << 20


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting() as opened:
        yield opened


@pytest.fixture
def services(tmp_path: Path, clock: ManualClock) -> Iterator[Services]:
    """With leases of a second of the test's clock, and no room for large recordings."""
    settings = Settings(data_dir=tmp_path, lease_s=1, max_upload_bytes=MOST_BYTES)
    with open_services(settings, LocalWakeUps(), clock) as opened:
        yield opened


def submitted(services: Services, url: str, name: str = "", **chosen: Any) -> str:
    return services.submission.enqueue_url(url, name, JobOptions(**chosen)).id


@cache
def loopback_only() -> Outgoing:
    """It reaches this machine. To make one takes a while."""
    return Outgoing([ip_network("127.0.0.0/8")])


def stage(services: Services, stop: Event | None = None) -> PrepareStage:
    downloader = HttpDownloader(loopback_only(), 20, stall_s=5)
    decoder = build_decoder(services.settings)
    return PrepareStage(services, downloader, decoder, VOICE_DETECTORS, stop or Event())


def prepared(services: Services, job_id: str) -> Job:
    """The job once its preparation has gone well or was given up, however often it was tried."""
    assert isinstance(services.clock, ManualClock)
    while (job := services.jobs.get(job_id)).state in (JobState.QUEUED, JobState.PREPARING):
        services.clock.advance(60)  # nothing is tried again at once
        assert stage(services).run_once()
    return job


def failure_of(job: Job) -> tuple[FailureCode, str, bool]:
    assert job.failure
    return job.failure.code, job.failure.message, job.failure.retryable


def stored_files(services: Services) -> list[Path]:
    return [path for path in services.settings.objects_dir.rglob("*") if path.is_file()]


def all_rows(services: Services) -> str:
    """Return the rows of jobs and of their events as text."""
    engine = open_engine(services.settings.resolved_database_url())
    with engine.connect() as connection:
        rows = [list(connection.execute(text(f"SELECT * FROM {table}"))) for table in ("jobs", "webhook_deliveries")]
    engine.dispose()
    return repr(rows)


def test_a_recording_is_downloaded_whole_and_prepared_and_its_whole_url_forgotten(
    services: Services, host: Host
) -> None:
    url = host.at(f"/calls/Gr%C3%BC%C3%9Fe.wav?{SECRET}#part", says(WAV))
    job_id = submitted(services, url, webhook_url="https://hooks.example/")
    queued = services.jobs.get(job_id).recording
    assert (queued.filename, queued.size_bytes, queued.sha256) == ("Grüße.wav", None, None)
    assert SECRET in all_rows(services)
    recording = prepared(services, job_id).recording
    assert services.jobs.get(job_id).state is JobState.INFERRING
    assert (recording.size_bytes, recording.sha256) == (len(WAV), hashlib.sha256(WAV).hexdigest())
    assert recording.origin is not None
    assert recording.origin.shown == f"{host.url}/calls/Gr%C3%BC%C3%9Fe.wav"
    assert SECRET not in all_rows(services)
    with services.object_store.open(source_key(job_id)) as file:
        assert file.read() == WAV
    assert host.asked == [f"/calls/Gr%C3%BC%C3%9Fe.wav?{SECRET}"]


@pytest.mark.parametrize(
    ("caller_name", "headers", "path", "expected"),
    [
        ("mine.wav", 'Content-Disposition: attachment; filename="theirs.wav"\r\n', "/url.wav", "mine.wav"),
        ("", 'Content-Disposition: attachment; filename="theirs.wav"\r\n', "/url.wav", "theirs.wav"),
        ("", 'Content-Disposition: attachment; filename="../a\\\\b/theirs\t.wav"\r\n', "/url.wav", "theirs.wav"),
        ("", "", "/calls/url.wav?x=/no.wav", "url.wav"),
        ("", "", "/..%2f..%2fetc%2fpasswd", "passwd"),
        ("", "", "/", "recording"),
    ],
)
def test_a_downloaded_recording_is_named_by_the_caller_the_host_or_the_url(
    services: Services, host: Host, caller_name: str, headers: str, path: str, expected: str
) -> None:
    job_id = submitted(services, host.at(path, says(WAV, headers=headers)), caller_name)
    assert prepared(services, job_id).recording.filename == expected


def test_a_temporary_error_is_retried_and_a_complete_download_is_not_repeated(services: Services, host: Host) -> None:
    answers = iter([says(b"later", "503 Busy"), says(WAV, length=len(WAV) + 9), says(WAV)])
    url = host.at("/call.wav", lambda connection: next(answers)(connection))
    job_id = submitted(services, url)
    assert prepared(services, job_id).state is JobState.INFERRING
    assert len(host.asked) == 3
    services.cancellation.cancel(job_id)
    services.job_retry.retry(job_id, "all")
    assert prepared(services, job_id).state is JobState.INFERRING
    assert len(host.asked) == 3


def test_an_attempt_that_fails_after_the_download_does_not_cost_another(services: Services, host: Host) -> None:
    class Broken:
        """`worker.pipeline.ports.AudioDecoder` that cannot read."""

        @contextmanager
        def open(self, file: BinaryIO) -> Iterator[object]:
            assert file.read() == WAV
            raise OSError
            yield

    job_id = submitted(services, host.at("/call.wav", says(WAV)))
    broken = stage(services)
    PrepareStage(services, broken.downloader, Broken(), VOICE_DETECTORS, Event()).run_once()  # type: ignore[arg-type]
    assert services.jobs.get(job_id).state is JobState.PREPARING
    assert prepared(services, job_id).state is JobState.INFERRING
    assert len(host.asked) == 1


ENDLESS = raw(b"HTTP/1.1 200 OK\r\n\r\n", *[WAV[:50_000]] * 1_000)
NEGATIVE = raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", *[WAV[:50_000]] * 1_000)


@pytest.mark.parametrize(
    ("script", "code", "tries"),
    [
        (says(b"no", "404 Not Found"), FailureCode.DOWNLOAD_FAILED, 1),
        (says(b"no", "403 Forbidden"), FailureCode.DOWNLOAD_FAILED, 1),
        (redirects("/call.wav"), FailureCode.DOWNLOAD_FAILED, 6),
        (redirects("http://10.0.0.1/"), FailureCode.DOWNLOAD_REFUSED, 1),
        (redirects("file:///etc/passwd"), FailureCode.DOWNLOAD_REFUSED, 1),
        (says(b"", length=MOST_BYTES + 1), FailureCode.TOO_LARGE, 1),
        (ENDLESS, FailureCode.TOO_LARGE, 1),
        (NEGATIVE, FailureCode.TOO_LARGE, 1),
        (chunks(*[WAV[:50_000]] * 1_000), FailureCode.TOO_LARGE, 1),
        (says(b"<!DOCTYPE html><html>"), FailureCode.NOT_MEDIA, 1),
        (says(b"\x89PNG\r\n\x1a\n" + bytes(9_000)), FailureCode.NOT_MEDIA, 1),
        (says(b""), FailureCode.NOT_MEDIA, 1),
        (says(b"\xff\xfe" + bytes(9_000)), FailureCode.UNSUPPORTED_MEDIA, 1),
        (says(b"later", "500 Broken"), FailureCode.DOWNLOAD_FAILED, 3),
    ],
    ids=[
        "404", "403", "a circle", "private", "a file", "said to be large", "endless", "a negative chunk", "chunks",
        "a page", "a picture", "empty", "nonsense", "500",
    ],
)  # fmt: skip
def test_a_recording_that_cannot_be_had_fails_with_its_code_and_leaves_nothing(
    services: Services, host: Host, script: Script, code: FailureCode, tries: int
) -> None:
    job_id = submitted(services, host.at("/call.wav", script))
    job = prepared(services, job_id)
    failure_code, message, retryable = failure_of(job)
    assert (job.state, failure_code) == (JobState.FAILED, code), message
    assert retryable == (tries == 3)
    assert message.endswith(".")
    assert len(host.asked) == tries
    stored = code is FailureCode.UNSUPPORTED_MEDIA  # that is a recording as far as anybody knew
    assert len(stored_files(services)) == stored


def test_no_hostile_url_leads_a_worker_to_a_private_address(services: Services) -> None:
    tried, outgoing = 0, Outgoing()
    with hosting() as private:
        caller_name = f"127.0.0.1:{private.port}"
        urls = [f"http://{name}:{private.port}/" for name in LITERALS]
        urls += [trick.replace("{own}", caller_name).replace("{port}", str(private.port)) for trick in TRICKS]
        for url in urls:
            try:
                job_id = submitted(services, url)
            except ValueError:  # the API says so at once
                continue
            tried += 1
            downloader = HttpDownloader(outgoing, 1, stall_s=0.5)
            decoder = build_decoder(services.settings)
            assert PrepareStage(services, downloader, decoder, VOICE_DETECTORS, Event()).run_once()
            job = services.jobs.get(job_id)
            assert job.failure is None or job.failure.code is FailureCode.DOWNLOAD_REFUSED
            services.cancellation.delete(job_id)
        assert private.connections == 0
    assert tried > 60
    assert stored_files(services) == []


def while_it_downloads(
    services: Services, host: Host, do: Callable[[str], object], stop: Event | None = None, **chosen: Any
) -> str:
    """Do this to a job during its download, wait until its worker has noticed, and return the job's id."""
    downloading = Event()

    def slowly(connection: socket) -> None:
        downloading.set()
        SLOWLY(connection)

    job_id = submitted(services, host.at("/call.wav", slowly), **chosen)
    worker = Thread(target=stage(services, stop).run_once)
    worker.start()
    assert downloading.wait(PATIENCE_S)
    started = time.monotonic()
    do(job_id)
    worker.join()
    assert time.monotonic() - started < 25  # half of the time that the download would take
    return job_id


def test_a_job_that_is_canceled_in_the_middle_of_its_download_leaves_nothing(services: Services, host: Host) -> None:
    job_id = while_it_downloads(services, host, services.cancellation.cancel)
    assert services.jobs.get(job_id).state is JobState.CANCELED
    assert stored_files(services) == []


def test_a_job_that_is_deleted_in_the_middle_of_its_download_leaves_nothing(services: Services, host: Host) -> None:
    job_id = while_it_downloads(services, host, services.cancellation.delete)
    with pytest.raises(JobDeleted):
        services.jobs.get(job_id)
    assert stored_files(services) == []


def test_a_worker_that_is_to_end_gives_its_download_back_untried(services: Services, host: Host) -> None:
    stop = Event()
    job_id = while_it_downloads(services, host, lambda _: stop.set(), stop)
    job = services.jobs.get(job_id)
    assert (job.state, job.attempts) == (JobState.PREPARING, 0)
    assert stored_files(services) == []
    host.at("/call.wav", says(WAV))
    assert prepared(services, job_id).state is JobState.INFERRING


def test_a_worker_that_lost_the_job_during_its_download_stores_nothing(services: Services, host: Host) -> None:
    def take(job_id: str) -> None:
        job = services.jobs.get(job_id)
        assert services.jobs.replace(job, job)  # ends the lease, as if it had run out
        host.at("/call.wav", says(WAV))
        assert stage(services).run_once()

    job_id = while_it_downloads(services, host, take)
    job = services.jobs.get(job_id)
    assert (job.state, job.recording.sha256) == (JobState.INFERRING, hashlib.sha256(WAV).hexdigest())
    with services.object_store.open(source_key(job_id)) as file:
        assert file.read() == WAV
    sources = [path for path in stored_files(services) if path.name.startswith("source")]
    assert len(sources) == 1


def test_a_job_that_is_overdue_in_the_middle_of_its_download_fails_and_its_worker_notices(
    services: Services, clock: ManualClock, host: Host
) -> None:
    def let_time_pass(job_id: str) -> None:
        clock.advance(59)
        services.sweeper.run()
        assert services.jobs.get(job_id).state is JobState.PREPARING
        clock.advance(1)
        services.sweeper.run()

    job_id = while_it_downloads(services, host, let_time_pass, deadline_s=60)
    assert failure_of(services.jobs.get(job_id))[0] is FailureCode.DEADLINE_EXCEEDED
    assert stored_files(services) == []


def test_the_url_of_an_unfetched_recording_is_deleted_with_its_audio(services: Services, host: Host) -> None:
    job_id = submitted(services, host.at(f"/call.wav?{SECRET}", SLOWLY), retention=RetentionOptions(audio_s=0))
    services.cancellation.cancel(job_id)
    assert SECRET in all_rows(services)  # for a retry
    services.sweeper.run()
    assert SECRET not in all_rows(services)


def test_slow_hosts_of_a_tenant_hold_up_no_recording_and_no_other_tenant(services: Services, host: Host) -> None:
    prepare, begun = stage(services, stop := Event()), Semaphore(0)

    def dripping(connection: socket) -> None:
        begun.release()
        SLOWLY(connection)

    for number in range(6):
        submitted_by(services, "slow", host.at(f"/{number}.wav", dripping))
    threads = [Thread(target=prepare.run_once) for _ in range(PREPARE_THREADS)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        assert begun.acquire(timeout=PATIENCE_S)
    for thread in threads[2:]:
        thread.join(0.1)
    assert not prepare.run_once(), "a tenant has two downloads at most"
    stored = analysable(services, "slow")
    other = submitted_by(services, "other", host.at("/other.wav", says(WAV)))
    while prepare.run_once():
        pass
    assert {services.jobs.get(job_id).state for job_id in (stored, other)} == {JobState.INFERRING}
    stop.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    states = Counter(job.state for job in services.jobs.page(limit=20, after=None, job_filter=JobFilter()).jobs)
    assert states == {JobState.INFERRING: 2, JobState.PREPARING: 2, JobState.QUEUED: 4}


def submitted_by(services: Services, tenant: str, url: str) -> str:
    return build_services(services.ports, tenant).submission.enqueue_url(url, "", JobOptions()).id


def analysable(services: Services, tenant: str) -> str:
    with build_services(services.ports, tenant).submission.begin() as upload:
        upload.write(WAV)
        return upload.commit("call.wav", JobOptions()).id
