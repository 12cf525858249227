"""Download recordings from the URLs that users give."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from urllib.parse import quote, unquote, urljoin

from multipart import parse_options_header

from shared.adapters.outgoing_http import Outgoing, Refused, StreamedAnswer, Unreachable
from shared.version import VERSION
from worker.pipeline.errors import DownloadFailed, DownloadRefused

STALL_S = 60.0
"""The longest time for a reply, or for a block of 1 MiB; a slower host would occupy a worker for too long."""

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_MAY_PASS = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_EXTENDED = re.compile(r";\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^;\s]+)", re.IGNORECASE)
_URL_CHARACTERS = "%/:?#[]@!$&'()*+,;=~"
"""The characters of a redirect's address that are not percent-encoded; some servers send spaces and any letters."""


class HttpDownload:
    """`worker.pipeline.ports.Download` of an HTTP response, until the time `deadline` of the monotonic clock."""

    def __init__(self, coming: StreamedAnswer, stall_s: float, deadline: float) -> None:
        self._coming = coming
        self._stall_s = stall_s
        self._deadline = deadline

    @property
    def size(self) -> int | None:
        """The declared length in bytes, or None."""
        return self._coming.response.length

    @property
    def filename(self) -> str | None:
        """The file name in the Content-Disposition header, or None."""
        return _filename(self._coming.headers.get("content-disposition", ""))

    def blocks(self) -> Iterator[bytes]:
        """Yield the content. Raises DownloadFailed when it breaks off or is too slow."""
        with _as_failures():
            yield from self._coming.blocks(self._stall_s, self._deadline)


class HttpDownloader:
    """`worker.pipeline.ports.Downloader` over http and https.

    It follows five redirects at most. A whole download may take `timeout_s` seconds, a reply or a block `stall_s`.
    """

    def __init__(self, outgoing: Outgoing, timeout_s: float, stall_s: float = STALL_S) -> None:
        self._outgoing = outgoing
        self._timeout_s = timeout_s
        self._stall_s = stall_s
        self._headers = {"User-Agent": f"Emoline/{VERSION}", "Accept": "*/*"}

    @contextmanager
    def open(self, url: str, canceled: Callable[[], bool]) -> Iterator[HttpDownload]:
        """Begin a download; it breaks off within a second once `canceled` returns True.

        Raises:
            DownloadRefused: the URL, or a redirect, leads to an address to which no request is sent.
            DownloadFailed: the host does not send the file.
        """
        deadline = time.monotonic() + self._timeout_s
        with ExitStack() as opened:
            with _as_failures():
                coming = self._follow(url, deadline, canceled, opened)
            status = coming.response.status
            if status != HTTPStatus.OK:
                may_pass = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _MAY_PASS
                raise DownloadFailed(f"The host of the URL answered {status}.", may_pass=may_pass)
            yield HttpDownload(coming, self._stall_s, deadline)

    def _follow(self, url: str, deadline: float, canceled: Callable[[], bool], opened: ExitStack) -> StreamedAnswer:
        """Follow redirects to the final response; each address on the way is checked like the first."""
        for _ in range(_MOST_REDIRECTS + 1):
            wait_s = min(self._stall_s, max(0.001, deadline - time.monotonic()))
            coming = opened.enter_context(
                self._outgoing.request("GET", url, None, self._headers, wait_s, canceled=canceled)
            )
            location = coming.headers.get("location")
            if coming.response.status not in _REDIRECTS or not location:
                return coming
            opened.close()
            try:
                url = urljoin(url, quote(location.encode("latin-1"), safe=_URL_CHARACTERS))
            except ValueError as error:
                raise Refused("The URL cannot be used.") from error
        raise DownloadFailed(f"The URL redirects more than {_MOST_REDIRECTS} times.", may_pass=False)


def _filename(disposition: str) -> str | None:
    """The file name in a Content-Disposition header (RFC 6266); one with a charset takes precedence."""
    if extended := _EXTENDED.search(disposition):
        return unquote(extended[2], extended[1])
    plain: str | None = parse_options_header(disposition)[1].get("filename")
    with suppress(UnicodeError):  # in practice, names beyond ASCII are UTF-8, not Latin-1 as in the standard
        return plain and plain.encode("latin-1").decode()
    return plain


@contextmanager
def _as_failures() -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise DownloadRefused(str(error)) from error
    except Unreachable as error:
        raise DownloadFailed(str(error), may_pass=True) from error
