"""An object store in a bucket of an S3-compatible service."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.s3_client import connect, store_errors
from shared.adapters.s3_streams import ObjectPlace, S3Reader, S3Writer, read_object
from shared.domain.errors import StoreUnavailable
from shared.ports import ObjectWriter

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, MultipartUploadTypeDef

_ABANDONED = timedelta(days=1)
"""The age of an unfinished multipart upload after which it is abandoned."""
_BUFFER_BYTES = 128 << 10
_CHECKED_KEY = "readiness"
"""The key of an empty object, which is written to see whether the store takes objects."""
_CHECK_WRITE_S = 60.0
"""Seconds for which a check that wrote suffices, and others only read: programs ask every few seconds whether a service
is ready, and some stores keep each version of an object."""
_REFUSED = {
    401: "The store refuses the keys for {url}; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    403: "The store refuses {url}; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what they may do there.",
    404: "There is no bucket for {url}; create it, or check EMOLINE_STORE_URL and EMOLINE_STORE_ENDPOINT_URL.",
}


class S3ObjectStore:
    """Implements `shared.ports.ObjectStore` with the bucket and prefix of a URL, `s3://bucket/prefix`.

    `public_url` is the endpoint for clients, where they need another one than `endpoint_url`. All methods may raise
    StoreUnavailable. Close the store when done.
    """

    def __init__(
        self, url: str, endpoint_url: str | None = None, *, path_style: bool = False, public_url: str | None = None
    ) -> None:
        """Connect to the bucket. Raises StoreUnavailable, with a message for operators."""
        self._bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix.strip('/')}/".lstrip("/")
        self._client = connect(endpoint_url, path_style=path_style)
        self._written_until = 0.0
        # The signature of a URL covers its host, so it is made by a client of that host, which never connects to it.
        self._public = connect(public_url, path_style=path_style) if public_url else self._client
        try:
            self._client.head_bucket(Bucket=self._bucket)
            self._drop_uploads(self._prefix, begun_before=datetime.now(UTC) - _ABANDONED)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            sentence = _REFUSED.get(status, f"The store answers {status} for {{url}}.")
            raise StoreUnavailable(sentence.format(url=url)) from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"{url} cannot be used: {str(error).rstrip('.')}.") from error

    def check(self) -> None:
        if time.monotonic() > self._written_until:
            with self.writer(_CHECKED_KEY) as writer:
                writer.write(b"")
            self._written_until = time.monotonic() + _CHECK_WRITE_S
        self.read(_CHECKED_KEY)

    @contextmanager
    def writer(self, key: str) -> Iterator[ObjectWriter]:
        content_type = "audio/flac" if key.endswith(".flac") else "application/octet-stream"
        writer = S3Writer(self._client, self._place(key), content_type)
        try:
            yield writer
            writer.finish()
        except BaseException:
            writer.abort()
            raise

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        with io.BufferedReader(S3Reader(self._client, self._place(key)), _BUFFER_BYTES) as file:
            yield file

    def read(self, key: str, span: range | None = None) -> bytes:
        return read_object(self._client, self._place(key), span)

    def delete_prefix(self, prefix: str) -> None:
        if not prefix.endswith("/"):
            raise ValueError(f"a prefix to delete ends with '/', not {prefix!r}")
        full = f"{self._key(prefix[:-1])}/"
        with store_errors():
            for page in self._pages(full):  # of 1,000 objects, the most that one request deletes
                if not page.get("Contents"):
                    continue
                deletion = self._client.delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": [{"Key": entry["Key"]} for entry in page["Contents"]], "Quiet": True},
                )
                if deletion.get("Errors"):
                    raise StoreUnavailable
            self._drop_uploads(full)

    def sizes(self, prefix: str) -> dict[str, int]:
        full = f"{self._key(prefix[:-1])}/"
        with store_errors():
            entries = [entry for page in self._pages(full) for entry in page.get("Contents", [])]
            return {entry["Key"].removeprefix(self._prefix): entry["Size"] for entry in entries}

    def folders(self, prefix: str) -> Iterator[str]:
        full = f"{self._key(prefix[:-1])}/"
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=full, Delimiter="/")
        with store_errors():
            for page in pages:
                for entry in page.get("CommonPrefixes", []):
                    yield entry["Prefix"].removeprefix(full).rstrip("/")

    def put_url(self, key: str, size: int, lasts_s: int) -> str:
        # The length is signed, so that the store refuses a body of another length.
        parameters = {**self._place(key), "ContentLength": size}
        with store_errors():
            return self._public.generate_presigned_url("put_object", Params=parameters, ExpiresIn=lasts_s)

    def close(self) -> None:
        """Close all connections."""
        self._public.close()
        self._client.close()

    def _pages(self, prefix: str) -> Iterable[ListObjectsV2OutputTypeDef]:
        return self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)

    def _drop_uploads(self, prefix: str, *, begun_before: datetime | None = None) -> None:
        """Abort the multipart uploads of writers that were killed."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=prefix)
        uploads: list[MultipartUploadTypeDef] = []
        with suppress(self._client.exceptions.NoSuchUpload):  # rclone's answer where there are none
            uploads = [upload for page in pages for upload in page.get("Uploads", [])]
        for upload in uploads:
            if begun_before is None or upload["Initiated"] < begun_before:
                with suppress(self._client.exceptions.NoSuchUpload):  # it ended meanwhile
                    self._client.abort_multipart_upload(
                        Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )

    def _place(self, key: str) -> ObjectPlace:
        return {"Bucket": self._bucket, "Key": self._key(key)}

    def _key(self, key: str) -> str:
        if any(part in ("", ".", "..") for part in key.split("/")):
            raise ValueError(f"not a key: {key!r}")
        return self._prefix + key
