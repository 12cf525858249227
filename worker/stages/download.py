"""The first part of the stage `preparing` where a recording lies elsewhere: it is downloaded into the store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Event

from shared.container import Services
from shared.domain.recording import Recording
from shared.ports import Claim
from shared.services.submission import display_name
from worker.pipeline.errors import DownloadFailed
from worker.pipeline.ports import Download, Downloader
from worker.stages.hold_lease import Keeper, WorkerStopping


@dataclass(frozen=True, slots=True)
class Fetch:
    """`stop` is set when the worker is to end: a download in hand is given back, and begun anew by another."""

    services: Services
    downloader: Downloader
    stop: Event

    def fetched(self, claim: Claim, keeper: Keeper) -> Claim:
        """The claim with its recording in the store, where it is after the first time.

        Raises the errors of `StreamedUpload`, DownloadFailed, LeaseLost, WorkerStopping.
        """
        url = claim.job.recording.missing_from
        if url is None:
            return claim
        try:
            recording = self._downloaded(url, claim, keeper)
        except DownloadFailed:
            self._check(keeper)  # perhaps it broke off because nobody wants it any more
            raise
        job = claim.job.evolve(recording=recording)
        self.services.jobs.save(claim, job)
        return replace(claim, job=job)

    def _downloaded(self, url: str, claim: Claim, keeper: Keeper) -> Recording:
        with (
            self.downloader.open(url, lambda: keeper.lost or self.stop.is_set()) as download,
            self.services.submission.begin(claim.job.id) as upload,
        ):
            upload.expect(download.size)
            for block in download.blocks():
                self._check(keeper)
                upload.write(block)
            # A worker that has lost the job must not overwrite the recording that another worker has downloaded.
            self.services.jobs.renew(claim)
            sha256 = upload.store()
            named = _named(claim.job.recording, download)
        return replace(named, size_bytes=upload.size, sha256=sha256).without_url()

    def _check(self, keeper: Keeper) -> None:
        keeper.check()
        if self.stop.is_set():
            raise WorkerStopping


def _named(recording: Recording, download: Download) -> Recording:
    """The recording under the name that who submitted it gave it, else its host."""
    own = recording.origin is not None and recording.origin.named
    return recording if own or not download.filename else replace(recording, filename=display_name(download.filename))
