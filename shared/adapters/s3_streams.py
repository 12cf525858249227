"""Reading and writing of objects in an S3-compatible store as streams, in constant memory."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypedDict

from botocore.exceptions import BotoCoreError
from botocore.response import StreamingBody

from shared.adapters.s3_client import store_errors
from shared.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, GetObjectOutputTypeDef

_READ_PAST = 1 << 20
"""Up to so many bytes, reading on is quicker than a new request."""
_TRIES = 5
"""Connections in a row that may break before their first byte."""
_PART_BYTES = 8 << 20
"""Some stores demand that all parts have one size; 10,000 parts, the most of an object, are 78 GiB."""


class ObjectPlace(TypedDict):
    """The bucket and key of an object, as arguments of boto3."""

    Bucket: str
    Key: str


def read_object(client: S3Client, place: ObjectPlace, span: range | None) -> bytes:
    """Read an object, or a span of its bytes, with one request unless the connection breaks off.

    Raises ObjectNotFound, StoreUnavailable.
    """
    get: Callable[..., GetObjectOutputTypeDef] = client.get_object
    headers = {} if span is None else {"Range": f"bytes={span.start}-{span.stop - 1}"}
    for _ in range(_TRIES):
        with store_errors():
            answer = get(**place, **headers)
        with suppress(BotoCoreError):
            content = answer["Body"].read()
            if span is None:
                return content
            if "ContentRange" not in answer:  # a store without ranges sends the whole object
                content = content[span.start : span.stop]
            if len(content) == len(span):
                return content
    raise StoreUnavailable


class S3Reader(io.RawIOBase):
    """Reads an object over one connection while it is read in order, and reconnects where that breaks off.

    Raises ObjectNotFound when opened, and StoreUnavailable whenever the store does not answer.
    """

    def __init__(self, client: S3Client, place: ObjectPlace) -> None:
        super().__init__()
        self._get: Callable[..., GetObjectOutputTypeDef] = client.get_object
        self._place = place
        self._position = 0
        self._body: StreamingBody | None = None
        self._body_position = 0
        self._size = 0
        self._sure_of_size = False
        self._connect()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = self._end() if whence == os.SEEK_END else self._position if whence == os.SEEK_CUR else 0
        if start + offset < 0:
            raise ValueError(f"there is nothing {-start - offset} bytes before the start")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if not view or (self._position >= self._size and self._position >= self._end()):
            return 0
        data = self._read(len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._hang_up()
        super().close()

    def _read(self, size: int) -> bytes:
        for _ in range(_TRIES):
            if self._body is None or not 0 <= self._position - self._body_position <= _READ_PAST:
                self._connect()
            body = self._body
            assert body is not None
            with suppress(BotoCoreError):
                while (ahead := self._position - self._body_position) > 0:
                    if not (skipped := body.read(min(ahead, _READ_PAST))):
                        break
                    self._body_position += len(skipped)
                if data := body.read(size):
                    self._body_position += len(data)
                    self._sure_of_size = True
                    return data
            self._hang_up()
        raise StoreUnavailable

    def _end(self) -> int:
        """Return the size of the object.

        The size in the headers is trusted once a byte of the object was received: where a connection broke off before,
        the number may lack digits.
        """
        if self._size and not self._sure_of_size:
            position, self._position = self._position, 0
            self._read(1)
            self._position = position
        return self._size

    def _connect(self) -> None:
        """Request the object from the position on."""
        self._hang_up()
        headers = {"Range": f"bytes={self._position}-"} if self._position else {}
        with store_errors():
            answer = self._get(**self._place, **headers)
            length = answer["ContentLength"]
        self._body = answer["Body"]
        # A store without ranges sends the whole object; the bytes before the position are skipped.
        self._body_position = self._position if "ContentRange" in answer else 0
        if not self._sure_of_size:
            self._size = self._body_position + length

    def _hang_up(self) -> None:
        if self._body is not None:
            self._body.close()
        self._body = None


class S3Writer:
    """Sends an object in parts, a small one in one request. The object exists once `finish` has returned."""

    def __init__(self, client: S3Client, place: ObjectPlace, content_type: str) -> None:
        self._client = client
        self._place = place
        self._content_type = content_type
        self._waiting = bytearray()
        self._upload_id: str | None = None
        self._parts: list[CompletedPartTypeDef] = []

    def write(self, chunk: bytes, /) -> int:
        """Write the next bytes and return their number. Raises StorageFull, StoreUnavailable."""
        self._waiting += chunk
        while len(self._waiting) >= _PART_BYTES:
            self._send_part()
        return len(chunk)

    def finish(self) -> None:
        """Complete the object. Raises StorageFull, StoreUnavailable; the object does not exist then."""
        if self._upload_id is None:
            with store_errors():
                self._client.put_object(**self._place, Body=bytes(self._waiting), ContentType=self._content_type)
            return
        if self._waiting:
            self._send_part()
        with store_errors():
            self._client.complete_multipart_upload(
                **self._place, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
            )

    def abort(self) -> None:
        """Drop all parts. Where the store is away they remain until the job is deleted or a day is over."""
        if self._upload_id is not None:
            with suppress(StoreUnavailable), store_errors():
                self._client.abort_multipart_upload(**self._place, UploadId=self._upload_id)

    def _send_part(self) -> None:
        part = bytes(memoryview(self._waiting)[:_PART_BYTES])
        number = len(self._parts) + 1
        with store_errors():
            if self._upload_id is None:
                begun = self._client.create_multipart_upload(**self._place, ContentType=self._content_type)
                self._upload_id = begun["UploadId"]
            sent = self._client.upload_part(**self._place, UploadId=self._upload_id, PartNumber=number, Body=part)
            self._parts.append({"ETag": sent["ETag"], "PartNumber": number})
        del self._waiting[:_PART_BYTES]
