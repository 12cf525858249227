"""Objects in an S3-compatible store, as far as it differs from the stores of `tests/contract`."""

from __future__ import annotations

import io
import os
import random
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters import s3_streams
from shared.adapters.s3_object_store import S3ObjectStore
from shared.domain.errors import ObjectNotFound, StorageFull, StoreUnavailable
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.servers.s3 import NAMES, S3Server, S3Servers, s3_servers
from tests.support.servers.serving import serving
from tests.support.waiting import PATIENCE_S

MB = 1 << 20
CONTENT = random.Random(1).randbytes(3 * MB)


@pytest.fixture(scope="module", autouse=True)
def servers() -> Iterator[S3Servers]:
    with s3_servers() as running:
        yield running


@pytest.fixture(params=NAMES)
def server(request: pytest.FixtureRequest, servers: S3Servers) -> S3Server:
    return servers[request.param]


@pytest.fixture
def rclone(servers: S3Servers) -> S3Server:
    return servers["rclone"]


@pytest.fixture(scope="module")
def ready(servers: S3Servers) -> Iterator[S3ObjectStore]:
    """A store that holds `CONTENT` as `jobs/a/source`."""
    with closing(servers["moto"].open()) as store:
        store_bytes(store, "jobs/a/source", CONTENT)
        yield store


def store_bytes(store: S3ObjectStore, key: str, content: bytes) -> None:
    with store.writer(key) as writer:
        for start in range(0, len(content), MB):
            writer.write(content[start : start + MB])


def size(store: S3ObjectStore, key: str) -> int:
    with store.open(key) as file:
        return file.seek(0, os.SEEK_END)


def read(store: S3ObjectStore, key: str) -> bytes:
    with store.open(key) as file:
        return file.read()


def test_a_large_object_goes_in_parts_and_does_not_exist_before_its_end(server: S3Server) -> None:
    content, url = random.Random(2).randbytes(20 * MB + 1), server.url()
    with closing(server.open(url)) as store:
        with store.writer("jobs/a/source") as writer:
            writer.write(content)
            objects, uploads = server.left_under(url)
            assert (objects, len(uploads)) == ([], 1)
            with pytest.raises(ObjectNotFound):
                store.read("jobs/a/source")
        assert read(store, "jobs/a/source") == content
        store.delete_prefix("jobs/a/")
    assert server.left_under(url) == ([], [])


def test_a_broken_off_upload_leaves_no_parts(server: S3Server) -> None:
    url = server.url()

    def break_off(store: S3ObjectStore) -> None:
        with store.writer("jobs/a/source") as writer:
            writer.write(bytes(9 * MB))
            raise KeyboardInterrupt

    with closing(server.open(url)) as store, pytest.raises(KeyboardInterrupt):
        break_off(store)
    assert server.left_under(url) == ([], [])


def test_deleting_takes_what_a_killed_writer_left(server: S3Server) -> None:
    url = server.url()
    with closing(server.open(url)) as store:
        killed = store.writer("jobs/a/source")
        killed.__enter__().write(bytes(9 * MB))
        assert len(server.left_under(url)[1]) == 1
        store.delete_prefix("jobs/a/")
        assert server.left_under(url) == ([], [])


def test_more_objects_than_a_page_of_a_listing_has_are_deleted(rclone: S3Server) -> None:
    url = rclone.url()
    with closing(rclone.open(url)) as store:
        for number in range(1001):
            store_bytes(store, f"jobs/a/frames/{number}.npy", b"")
        store.delete_prefix("jobs/a/")
    assert rclone.left_under(url) == ([], [])


def test_memory_does_not_grow_with_the_object(rclone: S3Server) -> None:
    with closing(rclone.open()) as store:
        assert _peak(store, 40 * MB) < _peak(store, 20 * MB) + MB


def _peak(store: S3ObjectStore, size: int) -> int:
    """Most bytes held while an object of `size` is written and read again."""
    tracemalloc.start()
    chunk = bytes(64 << 10)
    with store.writer("jobs/a/source") as writer:
        for _ in range(size // len(chunk)):
            writer.write(chunk)
    with store.open("jobs/a/source") as file:
        assert sum(len(part) for part in iter(lambda: file.read(len(chunk)), b"")) == size
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


places = st.integers(0, len(CONTENT) + 10)


@settings(max_examples=40)
@given(st.lists(st.tuples(places, st.integers(0, MB)), max_size=8))
def test_reads_at_any_offset_return_the_objects_bytes(ready: S3ObjectStore, reads: list[tuple[int, int]]) -> None:
    expected = io.BytesIO(CONTENT)
    with ready.open("jobs/a/source") as file:
        for place, size in reads:
            assert file.seek(place) == expected.seek(place)
            assert file.read(size) == expected.read(size)
            assert file.tell() == expected.tell()


def test_an_interrupted_upload_resumes_at_its_offset(servers: S3Servers) -> None:
    moto = servers["moto"]
    url = moto.url()
    with closing(moto.open(url)) as store:
        store_bytes(store, "jobs/a/source", CONTENT)
    with CuttingProxy(moto.endpoint_url) as proxy, closing(moto.behind(proxy.url).open(url)) as store:
        proxy.cut(connections=3, after=MB // 2)
        with store.open("jobs/a/source") as file:
            assert file.read() == CONTENT
        assert proxy.cuts_left == 0


@pytest.mark.filterwarnings("ignore::dateutil.parser.UnknownTimezoneWarning")
def test_a_connection_that_is_cut_in_the_headers_makes_no_object_shorter(rclone: S3Server) -> None:
    url, content = rclone.url(), CONTENT[:60_000]
    with CuttingProxy(rclone.endpoint_url) as proxy, closing(rclone.behind(proxy.url).open(url)) as store:
        store_bytes(store, "jobs/a/0.flac", content)
        for after in range(0, 700, 3):  # wherever they say the length, it loses some of its digits
            for located, expected in ((read, content), (size, len(content))):
                proxy.cut(connections=1, after=after)
                with suppress(StoreUnavailable):
                    assert located(store, "jobs/a/0.flac") == expected, after


def test_a_lost_connection_to_the_store_is_not_the_end_of_an_object(servers: S3Servers) -> None:
    moto = servers["moto"]
    url = moto.url()
    with CuttingProxy(moto.endpoint_url) as proxy, closing(moto.behind(proxy.url).open(url)) as store:
        store_bytes(store, "jobs/a/source", CONTENT * 10)
        with store.open("jobs/a/source") as file:
            assert file.read(MB) == CONTENT[:MB]
            proxy.fail()
            with pytest.raises(StoreUnavailable):
                file.read()


def test_an_upload_that_loses_the_store_raises_an_outage(servers: S3Servers) -> None:
    moto = servers["moto"]
    with CuttingProxy(moto.endpoint_url) as proxy, closing(moto.behind(proxy.url).open()) as store:
        with pytest.raises(StoreUnavailable), store.writer("jobs/a/source") as writer:  # noqa: PT012
            writer.write(bytes(9 * MB))
            proxy.fail()
            writer.write(bytes(9 * MB))
        with pytest.raises(StoreUnavailable):
            store.delete_prefix("jobs/a/")


def test_clients_get_urls_by_which_they_reach_the_store(server: S3Server) -> None:
    outside = server.endpoint_url.replace("127.0.0.1", "localhost")
    with closing(S3ObjectStore(server.url(), server.endpoint_url, path_style=True, public_url=outside)) as store:
        presigned = store.put_url("jobs/a/parts/1", 3, 60)
        assert presigned.startswith(f"{outside}/{server.bucket}/")
        assert "X-Amz-Expires=60" in presigned
        httpx2.put(presigned, content=b"one", timeout=PATIENCE_S).raise_for_status()
        assert read(store, "jobs/a/parts/1") == b"one"


def test_the_signature_of_a_url_is_for_its_key_and_its_host(rclone: S3Server) -> None:
    outside = rclone.endpoint_url.replace("127.0.0.1", "localhost")
    with closing(S3ObjectStore(rclone.url(), rclone.endpoint_url, path_style=True, public_url=outside)) as store:
        url = store.put_url("jobs/a/parts/1", 3, 60)
    signature = url.rpartition("X-Amz-Signature=")[2]
    for tampered in (
        url.replace(signature, "0" * 64),
        url.replace(outside, rclone.endpoint_url),
        url.replace("parts/1", "parts/2"),
    ):
        assert httpx2.put(tampered, content=b"one", timeout=PATIENCE_S).status_code == 403
    assert httpx2.put(url, content=b"one", timeout=PATIENCE_S).status_code == 200


def test_wrong_credentials_are_an_error_at_the_start(rclone: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreUnavailable, match=r"refuses s3://recordings/\w+; check AWS_ACCESS_KEY_ID"):
        rclone.open()


def test_a_missing_bucket_is_an_error_at_the_start(server: S3Server) -> None:
    with pytest.raises(StoreUnavailable, match="There is no bucket for s3://no-such-bucket-here; create it"):
        server.open("s3://no-such-bucket-here")


def test_an_unreachable_store_is_an_error_at_the_start() -> None:
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"s3://recordings cannot be used: .*127\.0\.0\.1:1"):
        S3ObjectStore("s3://recordings", "http://127.0.0.1:1", path_style=True)
    assert time.monotonic() - started < 100


def test_missing_credentials_are_an_error_at_the_start(rclone: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this-profile")
    with pytest.raises(StoreUnavailable, match=r"The store cannot be used: .*nobody-has-this-profile"):
        rclone.open()


def test_the_prefix_of_a_store_may_be_left_out(rclone: S3Server) -> None:
    for url in (f"s3://{rclone.bucket}", f"s3://{rclone.bucket}/", f"s3://{rclone.bucket}/a/b/"):
        with closing(rclone.open(url)) as store:
            store_bytes(store, "jobs/a/source", url.encode())
            assert read(store, "jobs/a/source") == url.encode()
            store.delete_prefix("jobs/a/")


@pytest.mark.parametrize(
    ("status", "code"), [(507, "XMinioStorageFull"), (403, "QuotaExceeded"), (507, "InsufficientStorage")]
)
@pytest.mark.parametrize("size", [1, 9 * MB])
def test_a_store_that_is_full_is_an_error_of_its_own(status: int, code: str, size: int) -> None:
    with (
        _full_store(status, code) as endpoint,
        closing(S3ObjectStore("s3://full", endpoint, path_style=True)) as store,
        pytest.raises(StorageFull),
    ):
        store_bytes(store, "jobs/a/source", bytes(size))


@contextmanager
def _full_store(status: int, code: str) -> Iterator[str]:
    """Answers as stores do that have no room: none of those that can be had for tests gets full."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(200, b"")

        def do_GET(self) -> None:
            self._answer(200, b"<ListMultipartUploadsResult/>")

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(status, f"<Error><Code>{code}</Code></Error>".encode())

        def do_POST(self) -> None:
            self._answer(200, b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")

        def do_DELETE(self) -> None:
            self._answer(204, b"")

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_the_parts_of_the_largest_recording_are_fewer_than_a_store_takes() -> None:
    assert 20 * 2**30 / s3_streams._PART_BYTES < 10_000
