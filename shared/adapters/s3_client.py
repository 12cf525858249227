"""The connection to an S3-compatible store, and what its errors mean."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.handlers import add_expect_header
from botocore.parsers import ResponseParserError

from shared.domain.errors import ObjectNotFound, StorageFull, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONNECT_S = 5
_ANSWER_S = 30
"""A store that says nothing for that long is away; to put the parts of 20 GB together takes some of them seconds."""
_TRIES = 4
_CONNECTIONS = 50
"""Kept open: the API answers 40 requests at once, the workers read and write besides."""
_NOT_THERE = {"NoSuchKey", "404"}
"""A HEAD request has no body to name the code in."""
_NO_ROOM = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"}
"""Of Ceph, and of MinIO and its successors; AWS is never full. Others answer with the status below."""
_INSUFFICIENT_STORAGE = 507


def connect(endpoint_url: str | None, *, path_style: bool) -> S3Client:
    """A client for all threads. Keys and region come by boto3's own chain: AWS_*, a profile, the machine's role.

    Raises StoreUnavailable, with a sentence, where these or the URL cannot be right.
    """
    config = Config(
        signature_version="s3v4",
        connect_timeout=_CONNECT_S,
        read_timeout=_ANSWER_S,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        max_pool_connections=_CONNECTIONS,
        tcp_keepalive=True,
        # boto3 adds a CRC32 to every upload and asks for one with every download; stores that are not AWS refuse the
        # one or lack the other. Uploads stay protected: the signature covers their SHA-256.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if path_style else "auto"},
    )
    try:
        client = Session().client("s3", endpoint_url=endpoint_url, config=config)
    except (BotoCoreError, ValueError) as error:  # a profile that is not there, an endpoint that is no URL
        raise StoreUnavailable(f"The store cannot be used: {error}.") from error
    # botocore would ask before each body whether to send it: a round trip, and where the connection breaks off in the
    # middle of that answer, a loop without end.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    client.meta.events.register("before-sign.s3.DeleteObjects", _with_md5)
    return client


@contextmanager
def store_errors() -> Iterator[None]:
    """Raises ObjectNotFound, StorageFull or StoreUnavailable for what boto3 raises."""
    try:
        yield
    except ClientError as error:
        raise _meaning(error) from error
    except (BotoCoreError, ResponseParserError, ValueError, KeyError) as error:
        # The last three of an answer that broke off: what has come of its headers is taken for all of them.
        raise StoreUnavailable from error


def _meaning(error: ClientError) -> Exception:
    code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code in _NOT_THERE:
        return ObjectNotFound()
    if code in _NO_ROOM or status == _INSUFFICIENT_STORAGE:
        return StorageFull()
    return StoreUnavailable()


def _with_md5(request: AWSRequest, **_: object) -> None:
    """Puts Content-MD5 in the place of the CRC32: every store takes it here, many take nothing else."""
    for name in [name for name in request.headers if name.lower().startswith(("x-amz-checksum", "x-amz-sdk-checksum"))]:
        del request.headers[name]
    body: Any = request.body  # bytes, though its stubs say text
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()
