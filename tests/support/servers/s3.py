"""Real S3-compatible stores for tests, each a process of its own: `rclone serve s3`, which checks keys and signatures,
and moto's server, which does not but knows more of the rest; and the bucket that EMOLINE_TEST_S3_URL names, if any, as
`https://host/bucket`, with its keys in AWS_*.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.adapters.s3_client import connect
from shared.adapters.s3_object_store import S3ObjectStore
from shared.settings import Settings
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import MultipartUploadTypeDef

KEY, SECRET = "AKIDEMOLINETESTS", "no-secret-at-all"
_UNTIL_STDIN_CLOSES = '"$@" & server=$!; read _; kill $server; wait $server'
"""The pipe closes however the tests end, by kill -9 too."""

NAMES = ["moto", "rclone", *(["given"] if "EMOLINE_TEST_S3_URL" in os.environ else [])]


@dataclass(frozen=True)
class S3Server:
    """A store and a bucket in it; for tests, which share it, each under a prefix of its own."""

    endpoint_url: str
    bucket: str

    def url(self) -> str:
        """Names a prefix that nobody else has."""
        return f"s3://{self.bucket}/{uuid.uuid4().hex}"

    def open(self, url: str | None = None) -> S3ObjectStore:
        return S3ObjectStore(url or self.url(), self.endpoint_url, path_style=True)

    def settings(self, data_dir: Path, url: str) -> Settings:
        return Settings(data_dir=data_dir, store_url=url, store_endpoint_url=self.endpoint_url, store_path_style=True)

    def behind(self, endpoint_url: str) -> S3Server:
        """The same by another way."""
        return replace(self, endpoint_url=endpoint_url)

    def left_under(self, url: str) -> tuple[list[str], list[str]]:
        """The keys of all objects under a prefix, and of all uploads that were begun and neither ended nor aborted."""
        prefix = f"{url.removeprefix(f's3://{self.bucket}/')}/"
        client = connect(self.endpoint_url, path_style=True)
        objects = client.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        uploads: list[MultipartUploadTypeDef] = []
        with suppress(client.exceptions.NoSuchUpload):  # rclone's word for none
            uploads += client.list_multipart_uploads(Bucket=self.bucket, Prefix=prefix).get("Uploads", [])
        client.close()
        return [entry["Key"] for entry in objects], [entry["Key"] for entry in uploads]


class S3Servers:
    """Starts each when it is first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._running: dict[str, S3Server] = {}

    def __getitem__(self, name: str) -> S3Server:
        if name not in self._running:
            self._running[name] = self._stack.enter_context(_STARTS[name]())
        return self._running[name]


@contextmanager
def s3_servers() -> Iterator[S3Servers]:
    """While the context lasts, AWS_* in the environment are the keys of the stores that are our own."""
    with ExitStack() as stack:
        if "EMOLINE_TEST_S3_URL" not in os.environ:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setenv("AWS_ACCESS_KEY_ID", KEY)
            patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield S3Servers(stack)


@contextmanager
def _moto() -> Iterator[S3Server]:
    port = _free_port()
    with _running(port, "moto_server", "-H", "127.0.0.1", "-p", str(port)) as server:
        yield server


@contextmanager
def _rclone() -> Iterator[S3Server]:
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="emoline-rclone-") as folder:
        where = ["--addr", f"127.0.0.1:{port}", "--auth-key", f"{KEY},{SECRET}", "--config", f"{folder}/none"]
        (Path(folder) / "store").mkdir()
        with _running(port, "rclone", "serve", "s3", f"{folder}/store", *where) as server:
            yield server


@contextmanager
def _given_server() -> Iterator[S3Server]:
    endpoint, _, bucket = os.environ["EMOLINE_TEST_S3_URL"].rpartition("/")
    yield S3Server(endpoint, bucket)


_STARTS = {"moto": _moto, "rclone": _rclone, "given": _given_server}


@contextmanager
def _running(port: int, program: str, *arguments: str) -> Iterator[S3Server]:
    command = ["sh", "-c", _UNTIL_STDIN_CLOSES, "sh", str(Path(sys.executable).parent / program), *arguments]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            _wait_for(port)
            server = S3Server(f"http://127.0.0.1:{port}", "recordings")
            client = connect(server.endpoint_url, path_style=True)
            client.create_bucket(Bucket=server.bucket)
            client.close()
            yield server
        finally:
            process.communicate()


def _wait_for(port: int) -> None:
    def listens() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return False
        return True

    wait_until(listens, lambda: f"nothing listens on port {port}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port
