"""Download a recording given by URL into the object store: the first part of the stage `preparing`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from threading import Event, Lock

from shared.container import Services
from shared.domain.recording import Recording
from shared.ports import Claim, WorkQueue
from shared.services.submission import display_name
from worker.pipeline.errors import DownloadFailed
from worker.pipeline.ports import Downloader
from worker.stages.hold_lease import Lease, WorkerStopping

MOST_DOWNLOADS = 4
"""Downloads of a worker at once. A host may take an hour for one."""
_MOST_OF_A_TENANT = MOST_DOWNLOADS // 2


class DownloadSlots:
    """Places for downloads, of which one tenant gets half, so that its slow hosts keep nobody else waiting."""

    def __init__(self) -> None:
        self._tenants: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def claimed(self, queue: WorkQueue) -> Iterator[tuple[Claim | None, ExitStack]]:
        """Claim a job whose recording is to be downloaded, if there is one and a place for it.

        The place is taken until the stack is closed, which it is at the end of the context at the latest.
        """
        with ExitStack() as slot:
            claim = None
            with self._lock:
                if self._tenants.total() < MOST_DOWNLOADS:
                    busy = [tenant for tenant, number in self._tenants.items() if number >= _MOST_OF_A_TENANT]
                    claim = queue.claim_preparation(to_download=True, excluded_tenants=busy)
                if claim:
                    self._tenants[claim.job.tenant] += 1
                    slot.callback(self.release, claim.job.tenant)
            yield claim, slot

    def release(self, tenant: str) -> None:
        """Give the place of a download back."""
        with self._lock:
            self._tenants[tenant] -= 1
            self._tenants += Counter()  # drops those without a download


@dataclass(frozen=True, slots=True)
class RecordingDownload:
    """The download of a job's recording.

    `stop` is set when the worker must end: a claim in the middle of a download is given back, and the next worker
    starts the download again.
    """

    services: Services
    downloader: Downloader
    stop: Event

    def run(self, claim: Claim, lease: Lease) -> Claim:
        """Download the recording unless it is in the object store already; return the claim with its recording there.

        Raises:
            DownloadFailed: the host did not send the recording.
            LeaseLost: another worker has the claim.
            WorkerStopping: the worker ends in the middle of the download.
            UploadTooLarge, NotMedia, EmptyUpload: the file is no recording that the service accepts.
            StorageFull, StoreUnavailable: the object store cannot take it.
        """
        url = claim.job.recording.missing_from
        if url is None:
            return claim
        try:
            recording = self._download(url, claim, lease)
        except DownloadFailed:
            self._check(lease)  # the download is broken off when the lease is lost or the worker stops
            raise
        job = claim.job.evolve(recording=recording)
        self.services.ports.work_queue.save(claim, job)
        return replace(claim, job=job)

    def _download(self, url: str, claim: Claim, lease: Lease) -> Recording:
        with (
            self.downloader.open(url, lambda: lease.lost or self.stop.is_set()) as download,
            self.services.submission.begin(claim.job.id) as upload,
        ):
            upload.expect(download.size)
            for block in download.blocks():
                self._check(lease)
                upload.write(block)
            # A worker that has lost the job must not overwrite the recording that another worker has downloaded.
            self.services.ports.work_queue.renew(claim)
            sha256 = upload.store()
            recording = claim.job.recording
            if download.filename and not (recording.origin is not None and recording.origin.named):
                recording = replace(recording, filename=display_name(download.filename))
        return replace(recording, size_bytes=upload.size, sha256=sha256).without_url()

    def _check(self, lease: Lease) -> None:
        lease.check()
        if self.stop.is_set():
            raise WorkerStopping
