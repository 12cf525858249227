"""Media types of responses that come in more than one, and large responses in JSON and NumPy's format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import mimeparse
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from zipstream import ZipStream

from shared.domain.errors import NotAcceptable

JSON = "application/json"
NPZ = "application/x-npz"
CSV = "text/csv"
_BLOCK_BYTES = 256 * 1024


def negotiate_media_type(request: Request, *offered: str) -> str:
    """Return the media type that the request's `Accept` prefers, of several the last. Raises NotAcceptable."""
    accept = ",".join(request.headers.getlist("accept")) or "*/*"
    try:
        best = str(mimeparse.best_match(offered, accept))
    except mimeparse.MimeTypeParseException as error:
        raise NotAcceptable from error
    if not best:
        raise NotAcceptable
    return best


def json_response(document: BaseModel, headers: dict[str, str] | None = None) -> Response:
    """Write a large document as JSON. FastAPI would do so in the event loop, where all requests would wait."""
    return Response(document.model_dump_json(by_alias=True), headers=headers, media_type=JSON)


def streamed_json(pieces: Iterable[bytes], headers: dict[str, str] | None = None) -> StreamingResponse:
    """Stream a JSON text that is written while it is sent."""
    return StreamingResponse(large_blocks(pieces), headers=headers, media_type=JSON)


def npz_response(headers: dict[str, str], arrays: Iterable[tuple[str, bytes | Iterable[bytes]]]) -> StreamingResponse:
    """Stream `.npy` files, given by name, as one `.npz`. It takes little more memory than the largest piece."""
    return StreamingResponse(large_blocks(zip_chunks(arrays)), media_type=NPZ, headers=headers)


def zip_chunks(arrays: Iterable[tuple[str, bytes | Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield an archive of files without compression."""
    archive = ZipStream()
    for name, content in arrays:
        archive.add(content, f"{name}.npy")
        yield from archive.all_files()
    yield from archive.finalize()


def large_blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Join chunks to large blocks: each is handed from thread to thread, which takes longer than to make it."""
    block = bytearray()
    for chunk in chunks:
        block += chunk
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)
