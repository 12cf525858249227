"""Client of the service's REST API, with its documents as types.

with Client("http://127.0.0.1:8000") as client:
    result = client.analyse("call.mp3", channels="split", roles=["agent", "customer"])
    for entry in result.timeline:
        print(entry.start_ms, entry.role, entry.emotion)
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Self

import httpx2
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from emoline.models import InsightsDocument, JobDocument, ListedJobDocument, ResultDocument, SegmentDocument

OnSent = Callable[[int], None]
"""Called with the bytes of a recording that have been sent so far."""
OnChange = Callable[[JobDocument], None]
"""Called with a job that has changed."""

_ATTEMPTS = 6
_BACKOFF = wait_exponential_jitter(multiplier=0.5, max=20)
_LONGEST_WAIT_S = 60.0
_RETRIED_STATUSES = {429, 502, 503, 504}
"""Statuses after which the same request may succeed a little later."""
_WAIT_S = 20
"""Seconds that the service is asked to wait for a change: fewer than most proxies allow."""
_BLOCK_BYTES = 1 << 20
_MIN_PARTED_BYTES = 256 << 20
"""A smaller recording is quickly sent again where the connection breaks."""
_COMPLETE_TIMEOUT_S = 900
"""Hundreds of gigabytes are put together within it."""


class ServiceError(Exception):
    """A request that the service refused. `code` is stable, docs/errors.md lists them; the message is a sentence."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{message} ({code})")
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s


class Unsuccessful(Exception):
    """A job that has ended without a result: `job.error` says why, unless somebody canceled it."""

    def __init__(self, job: JobDocument) -> None:
        error = job.error
        super().__init__(f"{error.message} ({error.code})" if error else f"The job was {job.status}.")
        self.job = job


class Client:
    """A connection to a service, closed when the context is left. `key` is an API key, where the service asks for one.

    Every method raises ServiceError, or httpx2.TransportError where there is no service. A request that meets a service
    that is away or busy is sent again for up to a minute. No recording is submitted twice by that; where the answer to
    `cancel`, `retry` or `delete` was lost, the error may be that it was done.
    """

    def __init__(self, url: str = "http://127.0.0.1:8000", key: str | None = None, *, timeout_s: float = 60.0) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout_s)
        self._store = httpx2.Client(timeout=timeout_s)  # without the key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()
        self._store.close()

    def analyse(self, file: str | PathLike[str], **config: Any) -> ResultDocument:
        """Submit a recording, wait until it is analysed, and return its result. Raises Unsuccessful too."""
        job = self.wait(self.submit(file, **config).id)
        if job.status != "succeeded":
            raise Unsuccessful(job)
        return self.result(job.id)

    def submit(
        self,
        file: str | PathLike[str],
        *,
        idempotency_key: str | None = None,
        on_sent: OnSent | None = None,
        **config: Any,
    ) -> JobDocument:
        """Upload a recording of any size, a large one in parts, so that only lost parts are sent again.

        `config` is the job's, as `channels="split"`. The same `idempotency_key` and recording give the same job; by
        default each call makes one.
        """
        path, key = Path(file), idempotency_key or str(uuid.uuid4())
        if path.stat().st_size >= _MIN_PARTED_BYTES:
            return self._submit({"upload_id": self._upload(path, on_sent)}, key, config)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(path.stat().st_size),
            "Idempotency-Key": key,
            "Emoline-Config": json.dumps(config),
        }
        answer = self._ask(
            "POST", "/v1/jobs", params={"filename": path.name}, headers=headers, content=lambda: _blocks(path, on_sent)
        )
        return JobDocument.model_validate_json(answer.content)

    def submit_url(self, url: str, *, idempotency_key: str | None = None, **config: Any) -> JobDocument:
        """Submit a recording that the service downloads from `url`, otherwise as `submit`."""
        return self._submit({"url": url}, idempotency_key or str(uuid.uuid4()), config)

    def job(self, job_id: str) -> JobDocument:
        """Return a job as it is now."""
        return JobDocument.model_validate_json(self._ask("GET", f"/v1/jobs/{job_id}").content)

    def wait(self, job_id: str, on_change: OnChange | None = None) -> JobDocument:
        """Return a job once it has ended, with a result or without; `on_change` is called with each state before."""
        etag = ""
        while True:
            headers = {"If-None-Match": etag} if etag else {}
            answer = self._ask("GET", f"/v1/jobs/{job_id}", params={"wait": _WAIT_S}, headers=headers)
            if answer.status_code == httpx2.codes.NOT_MODIFIED:
                continue
            etag, job = answer.headers["ETag"], JobDocument.model_validate_json(answer.content)
            if on_change:
                on_change(job)
            if job.finished_at:
                return job

    def result(self, job_id: str) -> ResultDocument:
        """Return the result of a job that succeeded."""
        return ResultDocument.model_validate_json(self._ask("GET", f"/v1/jobs/{job_id}/result").content)

    def export(self, job_id: str, to: str) -> bytes:
        """Return the result of a job that succeeded as `csv`, `textgrid` or another format of docs/exports.md."""
        return self._ask("GET", f"/v1/jobs/{job_id}/export", params={"format": to}).content

    def jobs(self, **filters: Any) -> Iterator[ListedJobDocument]:
        """Yield all jobs that match `filters`, as `status="failed"`, newest first unless `sort` says otherwise."""
        return map(ListedJobDocument.model_validate, self._pages("/v1/jobs", **filters))

    def insights(self, **filters: Any) -> InsightsDocument:
        """Return the figures of the jobs that match `filters`, in groups, as `group_by="week"`."""
        return InsightsDocument.model_validate_json(self._ask("GET", "/v1/insights", params=filters).content)

    def segments(self, job_id: str) -> Iterator[SegmentDocument]:
        """Yield the segments known so far, also while the job runs."""
        return map(SegmentDocument.model_validate, self._pages(f"/v1/jobs/{job_id}/segments"))

    def segment_audio(self, job_id: str, index: int) -> bytes:
        """Return the sound of a segment, as FLAC."""
        return self._ask("GET", f"/v1/jobs/{job_id}/segments/{index}/audio", follow_redirects=True).content

    def download(self, job_id: str, artifact: str, to: str | PathLike[str], **params: Any) -> None:
        """Write an artifact of a job that succeeded, as `report.pdf`, to a file; `params` as `lang="zh"`."""
        Path(to).write_bytes(self._ask("GET", f"/v1/jobs/{job_id}/{artifact}", params=params).content)

    def cancel(self, job_id: str) -> JobDocument:
        """Stop a job that has not ended."""
        return JobDocument.model_validate_json(self._ask("POST", f"/v1/jobs/{job_id}/cancel").content)

    def retry(self, job_id: str, what: Literal["failed_segments", "all"] = "failed_segments") -> JobDocument:
        """Run a job again that has ended: its skipped and missing segments, or all of them."""
        return JobDocument.model_validate_json(
            self._ask("POST", f"/v1/jobs/{job_id}/retry", json={"what": what}).content
        )

    def delete(self, job_id: str) -> None:
        """Delete a job with its recording and its results."""
        self._ask("DELETE", f"/v1/jobs/{job_id}")

    def _submit(self, source: dict[str, str], key: str, config: dict[str, Any]) -> JobDocument:
        answer = self._ask("POST", "/v1/jobs", headers={"Idempotency-Key": key}, json={"source": source, **config})
        return JobDocument.model_validate_json(answer.content)

    def _upload(self, path: Path, on_sent: OnSent | None) -> str:
        """Send a recording in parts, have the service join them, and return the upload's id."""
        description = {"filename": path.name, "size_bytes": path.stat().st_size}
        upload = self._ask("POST", "/v1/uploads", json=description).json()
        for part in upload["parts"]:
            self._send_part(path, part["offset"], part["size_bytes"], part["url"], on_sent)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        complete = f"/v1/uploads/{upload['id']}/complete"
        self._ask("POST", complete, json={"sha256": sha256}, timeout=_COMPLETE_TIMEOUT_S)
        return str(upload["id"])

    def _send_part(self, path: Path, offset: int, size: int, url: str, on_sent: OnSent | None) -> None:
        headers = {"Content-Length": str(size)}
        if url.startswith("/"):
            headers["Content-Type"] = "application/octet-stream"  # which a store's URL would have had signed
        self._ask("PUT", url, headers=headers, content=lambda: _blocks(path, on_sent, offset, size))

    def _pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        cursor = None
        while True:
            page = self._ask("GET", path, params=params | ({"cursor": cursor} if cursor else {})).json()
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _ask(
        self, method: str, path: str, *, content: Callable[[], Iterator[bytes]] | None = None, **request: Any
    ) -> httpx2.Response:
        """Return the answer to a request, sent again while it may succeed; `content` starts its body anew each time."""
        http = self._http if path.startswith("/") else self._store
        for attempt in Retrying(
            stop=stop_after_attempt(_ATTEMPTS), wait=_pause, retry=retry_if_exception(_is_temporary), reraise=True
        ):
            with attempt:
                answer = http.request(method, path, content=content() if content else None, **request)
                _check(answer)
        return answer


def _blocks(path: Path, on_sent: OnSent | None, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
    """Yield `size` bytes of a file from `offset` on, by default all that follow."""
    end = path.stat().st_size if size is None else offset + size
    with path.open("rb") as file:
        file.seek(offset)
        while block := file.read(min(_BLOCK_BYTES, end - offset)):
            yield block
            offset += len(block)
            if on_sent:
                on_sent(offset)


def _check(answer: httpx2.Response) -> None:
    if not answer.is_error:
        return
    problem: dict[str, Any] = {}
    with suppress(ValueError):  # a proxy's own page
        problem = answer.json()
    seconds = answer.headers.get("Retry-After", "")
    raise ServiceError(
        answer.status_code,
        problem.get("code", f"http_{answer.status_code}"),
        problem.get("detail") or problem.get("title") or f"The service answered {answer.status_code}.",
        float(seconds) if seconds.isdecimal() else None,
    )


def _is_temporary(error: BaseException) -> bool:
    """Return whether the same request may succeed a little later."""
    if isinstance(error, ServiceError):
        return (error.status in _RETRIED_STATUSES or error.code == "upload_busy") and (
            error.retry_after_s or 0
        ) <= _LONGEST_WAIT_S
    return isinstance(error, httpx2.TransportError) and not isinstance(error, httpx2.UnsupportedProtocol)


def _pause(state: RetryCallState) -> float:
    """Return the seconds until the next attempt."""
    error = state.outcome.exception() if state.outcome else None
    retry_after_s = error.retry_after_s if isinstance(error, ServiceError) else None
    return max(retry_after_s or 0.0, _BACKOFF(state))
