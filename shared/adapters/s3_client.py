"""The client of an S3-compatible store, and the translation of its errors."""

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
"""A store that is silent for longer is away; some take seconds to join the parts of 20 GB."""
_TRIES = 4
_CONNECTIONS = 50
"""The size of the pool: the API answers 40 requests at once, and workers read and write besides."""
_NOT_FOUND = {"NoSuchKey", "404"}
"""A HEAD request has no body to name the code in."""
_NO_ROOM = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"}
"""The codes of Ceph, MinIO and its successors; AWS is never full. Other stores answer with the status below."""
_INSUFFICIENT_STORAGE = 507


def connect(endpoint_url: str | None, *, path_style: bool) -> S3Client:
    """Make a client for all threads. Keys and region come from boto3's chain: AWS_*, a profile, the machine's role.

    Raises StoreUnavailable, with a message for operators, where these or the URL are not valid.
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
    except (BotoCoreError, ValueError) as error:  # an unknown profile, an endpoint that is not a URL
        raise StoreUnavailable(f"The store cannot be used: {error}.") from error
    # botocore would ask before each body whether to send it: a round trip, and where the connection breaks off in the
    # middle of that answer, a loop without end.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    client.meta.events.register("before-sign.s3.DeleteObjects", _with_md5)
    return client


@contextmanager
def store_errors() -> Iterator[None]:
    """Translate errors of boto3 to ObjectNotFound, StorageFull or StoreUnavailable."""
    try:
        yield
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code in _NOT_FOUND:
            raise ObjectNotFound from error
        if code in _NO_ROOM or status == _INSUFFICIENT_STORAGE:
            raise StorageFull from error
        raise StoreUnavailable from error
    except (BotoCoreError, ResponseParserError, ValueError, KeyError) as error:
        # The last three come from answers that broke off: boto3 takes incomplete headers for complete ones.
        raise StoreUnavailable from error


def _with_md5(request: AWSRequest, **_: object) -> None:
    """Replace the CRC32 header by Content-MD5, which every store accepts here; many accept nothing else."""
    for name in [name for name in request.headers if name.lower().startswith(("x-amz-checksum", "x-amz-sdk-checksum"))]:
        del request.headers[name]
    body: Any = request.body  # bytes, though its stubs say text
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()
