"""Requests to an S3 store on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.adapters.s3_client import connect
from tests.support.servers.serving import serving


class Store(BaseHTTPRequestHandler):
    """A server that accepts every request and records the heads."""

    protocol_version = "HTTP/1.1"
    heads: list[dict[str, str]]

    def do_PUT(self) -> None:
        self.heads.append({name.lower(): value for name, value in self.headers.items()})
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Store.heads = []
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_a_body_is_sent_without_asking_first_which_a_store_that_breaks_off_then_would_leave_unanswered_for_ever(
    url: str,
) -> None:
    client = connect(url, path_style=True)
    client.put_object(Bucket="bucket", Key="key", Body=b"sound")
    client.close()
    [head] = Store.heads
    assert head["content-length"] == "5"
    assert "expect" not in head
