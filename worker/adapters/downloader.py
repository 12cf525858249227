"""Downloads recordings from the URLs that users give."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from importlib.metadata import version
from urllib.parse import quote, unquote, urljoin

from multipart import parse_options_header

from shared.adapters.outgoing_http import Coming, Outgoing, Refused, Unreachable
from worker.pipeline.errors import DownloadFailed, DownloadRefused

STALL_S = 60.0
"""A host that takes longer to answer, or for a block of 1 MiB, would keep a worker busy for nothing."""

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_MAY_PASS = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_EXTENDED = re.compile(r";\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^;\s]+)", re.IGNORECASE)
_URL_CHARACTERS = "%/:?#[]@!$&'()*+,;=~"
"""What is left as it is in the address that a redirect names; some servers send spaces and letters of all kinds."""


class HttpDownload:
    """`worker.pipeline.ports.Download`."""

    def __init__(self, coming: Coming, stall_s: float, until: float) -> None:
        self._coming = coming
        self._stall_s = stall_s
        self._until = until

    @property
    def size(self) -> int | None:
        return self._coming.response.length

    @property
    def filename(self) -> str | None:
        return _name(self._coming.headers.get("content-disposition", ""))

    def blocks(self) -> Iterator[bytes]:
        with _as_failures():
            yield from self._coming.blocks(self._stall_s, self._until)


class HttpDownloader:
    """`worker.pipeline.ports.Downloader` over http and https: follows at most five redirects, and takes `timeout_s` for
    all."""

    def __init__(self, outgoing: Outgoing, timeout_s: float, stall_s: float = STALL_S) -> None:
        self._outgoing = outgoing
        self._timeout_s = timeout_s
        self._stall_s = stall_s
        self._headers = {"User-Agent": f"Emoline/{version('emoline-service')}", "Accept": "*/*"}

    @contextmanager
    def open(self, url: str, unwanted: Callable[[], bool]) -> Iterator[HttpDownload]:
        until = time.monotonic() + self._timeout_s
        with ExitStack() as opened:
            with _as_failures():
                coming = self._found(url, until, unwanted, opened)
            _check(coming.response.status)
            yield HttpDownload(coming, self._stall_s, until)

    def _found(self, url: str, until: float, unwanted: Callable[[], bool], opened: ExitStack) -> Coming:
        """The answer of where the URL leads in the end; each host on the way is looked at like the first."""
        for _ in range(_MOST_REDIRECTS + 1):
            wait_s = min(self._stall_s, max(0.001, until - time.monotonic()))
            coming = opened.enter_context(
                self._outgoing.asked("GET", url, None, self._headers, wait_s, unwanted=unwanted)
            )
            location = coming.headers.get("location")
            if coming.response.status not in _REDIRECTS or not location:
                return coming
            opened.close()
            url = _joined(url, location)
        raise DownloadFailed(f"The URL redirects more than {_MOST_REDIRECTS} times.", may_pass=False)


def _joined(url: str, location: str) -> str:
    """Where a redirect leads. Raises Refused."""
    try:
        return urljoin(url, quote(location.encode("latin-1"), safe=_URL_CHARACTERS))
    except ValueError as error:
        raise Refused("The URL cannot be used.") from error


def _check(status: int) -> None:
    if status != HTTPStatus.OK:
        may_pass = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _MAY_PASS
        raise DownloadFailed(f"The host of the URL answered {status}.", may_pass=may_pass)


def _name(disposition: str) -> str | None:
    """The file name in a Content-Disposition as RFC 6266 has it: one with a charset goes before one without."""
    if extended := _EXTENDED.search(disposition):
        return unquote(extended[2], extended[1])
    plain: str | None = parse_options_header(disposition)[1].get("filename")
    with suppress(UnicodeError):  # what is no ASCII is UTF-8 as a rule, whatever the standard says
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
