"""Downloads from hosts that are slow, declare wrong lengths, break off or redirect: real sockets on this machine."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from threading import Timer

import pytest

from shared.adapters.outgoing_http import BLOCK_BYTES, Outgoing
from tests.support.hostile_urls import LITERALS, TRICKS
from tests.support.servers.certificate import HOST_NAME
from tests.support.servers.host import Host, Script, chunks, hosting, raw, redirects, says
from tests.support.servers.receiver import LOOPBACK
from tests.support.waiting import PATIENCE_S
from worker.adapters.downloader import HttpDownloader
from worker.pipeline.errors import DownloadFailed, DownloadRefused

BODY = bytes(range(256)) * 10_000  # two blocks and a half
ONLY_ONE = [ip_network("127.0.0.3/32")]
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting() as opened:
        yield opened


@cache
def loopback_only() -> Outgoing:
    """It reaches this machine. To make one takes longer than most tests here."""
    return Outgoing(LOOPBACK)


@cache
def outside() -> Outgoing:
    """It reaches one address of this machine."""
    return Outgoing(ONLY_ONE)


def fetched(
    url: str, downloader: HttpDownloader | None = None, unwanted: Callable[[], bool] = lambda: False
) -> tuple[bytes, int | None, str | None]:
    """The body, and the declared size and name."""
    with (downloader or HttpDownloader(loopback_only(), PATIENCE_S, PATIENCE_S)).open(url, unwanted) as download:
        size, name = download.size, download.filename
        return b"".join(download.blocks()), size, name


def failed(url: str, downloader: HttpDownloader | None = None) -> DownloadFailed:
    with pytest.raises(DownloadFailed) as raised:
        fetched(url, downloader)
    assert str(raised.value).endswith(".")
    return raised.value


@pytest.mark.parametrize(
    ("script", "size"),
    [
        (says(BODY), len(BODY)),
        (chunks(BODY[:1], BODY[1:70_000], BODY[70_000:]), None),
        (raw(HEAD, b"\r\n", BODY), None),
        (raw(HEAD, b"Content-Length: 2x\r\n\r\n", BODY), None),
        (raw(HEAD, b"Content-Length: %d\r\n\r\n" % len(BODY), BODY, b"and more"), len(BODY)),
        (raw(b"HTTP/1.1 100 Continue\r\n\r\n", HEAD, b"Content-Length: %d\r\n\r\n" % len(BODY), BODY), len(BODY)),
    ],
    ids=[
        "with its length",
        "in chunks",
        "until it hangs up",
        "with no number as length",
        "more than its length",
        "100",
    ],
)
def test_a_body_arrives_whole_with_and_without_its_length(host: Host, script: Script, size: int | None) -> None:
    assert fetched(host.at("/a/call.wav?token=1", script)) == (BODY, size, None)
    assert host.asked == ["/a/call.wav?token=1"]
    assert f"Host: {host.address}:{host.port}\r\n" in host.heads[0]


def test_a_body_comes_in_blocks_that_are_worth_storing(host: Host) -> None:
    url = host.at("/", says(BODY))
    with HttpDownloader(loopback_only(), 20).open(url, lambda: False) as download:
        assert [len(block) for block in download.blocks()] == [BLOCK_BYTES, BLOCK_BYTES, len(BODY) - 2 * BLOCK_BYTES]


@pytest.mark.parametrize(
    "script",
    [
        says(BODY, length=len(BODY) + 1),
        says(b"", length=10),
        chunks(BODY, end=b""),
        chunks(BODY, end=b"ff\r\nhalf"),
        chunks(BODY, end=b"not a number\r\n"),
        raw(b""),
        raw(b"HTTP/1.1 20"),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw(HEAD, b"X: y\r\n" * 1000, b"\r\n"),
    ],
    ids=["short", "nothing", "no last chunk", "half a chunk", "no chunk", "silent", "half a line", "ssh", "headers"],
)
def test_an_incomplete_response_is_a_temporary_error(host: Host, script: Script) -> None:
    error = failed(host.at("/", script))
    assert "broke off" in str(error)
    assert error.may_pass


@pytest.mark.parametrize(
    ("status", "may_pass"),
    [
        *((status, False) for status in (201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 418, 451)),
        *((status, True) for status in (408, 425, 429, 500, 502, 503, 504, 599)),
    ],
)
def test_an_error_status_tells_whether_a_retry_may_help(host: Host, status: int, may_pass: bool) -> None:
    error = failed(host.at("/", says(b"why", f"{status} Whatever")))
    assert (str(error), error.may_pass) == (f"The host of the URL answered {status}.", may_pass)


def test_an_unreachable_host_is_a_temporary_error() -> None:
    for url in ("http://127.0.0.1:1/", "http://no-such-name.invalid/"):
        assert failed(url).may_pass
        assert not isinstance(failed(url), DownloadRefused)


SILENT = raw(b"", every_s=100)
TRICKLING = raw(HEAD, b"\r\n", *[b"x"] * 1000, every_s=0.1)
A_LENGTH_THAT_TRICKLES = raw(HEAD, b"Transfer-Encoding: chunked\r\n\r\n", *[b"0"] * 1000, every_s=0.1)


@pytest.mark.parametrize(
    ("script", "message"),
    [(SILENT, "no answer within 0.5 s"), (TRICKLING, "too slowly"), (A_LENGTH_THAT_TRICKLES, "too slowly")],
)
def test_a_silent_or_trickling_host_is_given_up(host: Host, script: Script, message: str) -> None:
    started = time.monotonic()
    error = failed(host.at("/", script), HttpDownloader(loopback_only(), 20, stall_s=0.5))
    assert message in str(error)
    assert error.may_pass
    assert time.monotonic() - started < 50


def test_a_download_has_a_total_time_limit(host: Host) -> None:
    endless = raw(HEAD, b"\r\n", *[bytes(1 << 16)] * 20_000, every_s=0.005)
    started = time.monotonic()
    error = failed(host.at("/", endless), HttpDownloader(loopback_only(), 1, stall_s=60))
    assert "too slowly" in str(error)
    assert time.monotonic() - started < 50


def test_time_spent_on_a_block_does_not_count_as_the_hosts(host: Host) -> None:
    url, got = host.at("/", says(BODY)), b""
    with HttpDownloader(loopback_only(), 20, stall_s=0.5).open(url, lambda: False) as download:
        for block in download.blocks():
            time.sleep(1.2)
            got += block
    assert got == BODY


@pytest.mark.parametrize("script", [SILENT, TRICKLING])
def test_an_unwanted_download_ends_at_once(host: Host, script: Script) -> None:
    cancellations: list[bool] = []
    Timer(0.3, lambda: cancellations.append(True)).start()
    started = time.monotonic()
    with pytest.raises(DownloadFailed):
        fetched(host.at("/", script), unwanted=lambda: bool(cancellations))
    assert time.monotonic() - started < 50


def test_five_redirects_are_followed_wherever_they_are_relative_to(host: Host) -> None:
    host.at("/end/of it", says(b"there"))
    host.at("/end/of%20it", says(b"there"))
    steps = ["/1/a", "/1/b?x=1", "/1/c", "/1/d", "/1/e"]
    targets = ["b?x=1", "/1/c", f"//127.0.0.1:{host.port}/1/d", f"{host.url}/1/e#part", "../end/of it"]
    for status, step, target in zip((301, 302, 303, 307, 308), steps, targets, strict=True):
        host.at(step, redirects(target, status))
    assert fetched(f"{host.url}/1/a")[0] == b"there"
    assert host.asked == [*steps, "/end/of%20it"]
    host.at("/0", redirects("/1/a"))
    error = failed(f"{host.url}/0")
    assert (str(error), error.may_pass) == ("The URL redirects more than 5 times.", False)
    assert "/end/of%20it" not in host.asked[6:]


def test_a_redirect_without_an_address_is_an_answer_like_another(host: Host) -> None:
    assert "answered 302" in str(failed(host.at("/", says(status="302 Found"))))


@pytest.mark.parametrize("name", LITERALS)
def test_no_redirect_leads_to_a_private_address(host: Host, name: str) -> None:
    with hosting("127.0.0.3") as public:
        error = failed(public.at("/", redirects(f"http://{name}:{host.port}/")), HttpDownloader(outside(), 5, 0.5))
    assert "not public" in str(error) or "no address" in str(error)
    assert (public.connections, host.connections) == (1, 0)


@pytest.mark.parametrize("trick", [trick for trick in TRICKS if "\n" not in trick])
def test_no_trick_in_a_redirect_reaches_a_private_address(host: Host, trick: str) -> None:
    to = trick.replace("{own}", f"127.0.0.1:{host.port}").replace("{port}", str(host.port))
    first: list[str] = []

    def resolver(name: str, _: int) -> Sequence[str]:
        first.append(name)
        return ["127.0.0.3" if len(first) == 1 else "127.0.0.1"]

    with hosting("127.0.0.3") as public:
        script = raw(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % to.encode())
        failed(public.at("/", script), HttpDownloader(Outgoing(ONLY_ONE, resolver), 5, 0.5))
    assert host.connections == 0


def test_a_name_that_leads_elsewhere_at_the_next_redirect_is_refused(host: Host) -> None:
    answers = iter([["127.0.0.3"], ["127.0.0.1"]])
    with hosting("127.0.0.3") as public:
        public.at("/", redirects(f"http://{HOST_NAME}:{host.port}/again"))
        error = failed(
            f"http://{HOST_NAME}:{public.port}/", HttpDownloader(Outgoing(ONLY_ONE, lambda *_: next(answers)), 5)
        )
    assert isinstance(error, DownloadRefused)
    assert (public.connections, host.connections) == (1, 0)


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="monday call.mp3"', "monday call.mp3"),
        ("attachment; filename=call.mp3", "call.mp3"),
        ("attachment; filename=\"plain.mp3\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.mp3", "Grüße.mp3"),
        ('attachment; filename="Grüße.mp3"', "Grüße.mp3"),
        ("attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe.mp3", "Grüße.mp3"),
        ('attachment; filename="../../etc/passwd"', "../../etc/passwd"),  # made fit to show where it is shown
        ("inline", None),
    ],
)
def test_the_host_may_name_it(host: Host, disposition: str, name: str | None) -> None:
    assert fetched(host.at("/", says(b"x", headers=f"Content-Disposition: {disposition}\r\n")))[2] == name


@pytest.mark.parametrize(
    "disposition",
    [
        "attachment; filename*=none''%FF%00",
        "; filename*0*=x; filename*zz=1; filename*=",
        "\xff; filename",
        "=?x?q?=FF?=",
    ],
)
def test_a_malformed_content_disposition_does_no_harm(host: Host, disposition: str) -> None:
    assert fetched(host.at("/", says(b"x", headers=f"Content-Disposition: {disposition}\r\n")))[0] == b"x"


def test_https_is_as_good(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with hosting(tls=context) as host:
        host.at("/", says(BODY))
        downloader = HttpDownloader(Outgoing(LOOPBACK, lambda *_: ["127.0.0.1"]), 20)
        assert "certificate" in str(failed(f"https://{HOST_NAME}:{host.port}/", downloader))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        downloader = HttpDownloader(Outgoing(LOOPBACK, lambda *_: ["127.0.0.1"]), 20)
        assert fetched(f"https://{HOST_NAME}:{host.port}/", downloader)[0] == BODY
