"""Creation of the bucket of a new installation."""

from __future__ import annotations

from contextlib import closing, suppress

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.s3_client import connect
from shared.domain.errors import StoreUnavailable

_REGION_WITHOUT_NAME = "us-east-1"
"""AWS refuses requests that name this region."""


def create_bucket(url: str, endpoint_url: str | None, *, path_style: bool) -> None:
    """Create the bucket of `s3://bucket/prefix` unless it exists. Raises StoreUnavailable."""
    bucket = url.removeprefix("s3://").partition("/")[0]
    with closing(connect(endpoint_url, path_style=path_style)) as client:
        with suppress(ClientError):
            client.head_bucket(Bucket=bucket)
            return
        try:
            region = client.meta.region_name
            if endpoint_url or region == _REGION_WITHOUT_NAME:
                client.create_bucket(Bucket=bucket)
            else:
                # Any region's name may come here, more than the stubs list.
                client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"The bucket of {url} cannot be made: {error}.") from error
