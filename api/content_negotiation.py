"""In which format an answer goes out, where there is a choice; and NumPy's, which goes out as it is made."""

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
_BLOCK_BYTES = 256 * 1024


def preferred(request: Request, *offered: str) -> str:
    """The media type that the request's `Accept` likes best, of several the last. Raises NotAcceptable."""
    accept = ",".join(request.headers.getlist("accept")) or "*/*"
    try:
        best = str(mimeparse.best_match(offered, accept))
    except mimeparse.MimeTypeParseException as error:
        raise NotAcceptable from error
    if not best:
        raise NotAcceptable
    return best


def written(document: BaseModel) -> Response:
    """A document that may be large as JSON. FastAPI would write it in the event loop and answer nobody meanwhile."""
    return Response(document.model_dump_json(by_alias=True), media_type=JSON)


def npz(filename: str, arrays: Iterable[tuple[str, bytes]]) -> StreamingResponse:
    """Named `.npy` files as one `.npz`, in little more memory than the largest of them needs."""
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return StreamingResponse(_blocks(_zipped(arrays)), media_type=NPZ, headers=headers)


def _zipped(arrays: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    archive = ZipStream()
    for name, content in arrays:
        archive.add(content, f"{name}.npy")
        yield from archive.all_files()
    yield from archive.finalize()


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same in fewer and larger pieces: each is handed from thread to thread, which takes longer than to make it."""
    block = b""
    for chunk in chunks:
        block += chunk
        if len(block) >= _BLOCK_BYTES:
            yield block
            block = b""
    yield block
