"""A download by a client that misbehaves; `tests/e2e/test_model_downloads.py` has the hubs' own."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from worker.adapters.emotion2vec import hub_download
from worker.adapters.emotion2vec.hub_clients import HubFile, OnBytes, Snapshot
from worker.adapters.emotion2vec.hub_download import download
from worker.adapters.emotion2vec.hub_model import HubModel
from worker.pipeline.errors import ModelUnavailable

MODEL = HubModel("modelscope", "someone/model", None)
PATHS = ("config.yaml", "model.pt", "tokens.txt")


@dataclass
class FakeClient:
    """A hub whose files all have 4 bytes, of which it may send fewer, and whose disk may be full."""

    paths: Sequence[str] = PATHS
    content: bytes = b"good"
    error: Exception | None = None

    def list_files(self, model_id: str, revision: str) -> Snapshot:
        return Snapshot(model_id, revision, [HubFile(path, 4, None) for path in self.paths])

    def fetch(self, snapshot: Snapshot, files: Sequence[HubFile], directory: Path, on_bytes: OnBytes) -> None:
        if self.error:
            raise self.error
        for file in files:
            (directory / file.path).parent.mkdir(exist_ok=True)
            (directory / file.path).write_bytes(self.content)
            on_bytes(4)


def use(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_download, "client_of", lambda _: client)


def test_progress_counts_the_bytes_of_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(FakeClient(), monkeypatch)
    steps: list[tuple[int, int]] = []
    download(MODEL, tmp_path, lambda here, total: steps.append((here, total)))
    assert steps == [(4, 12), (8, 12), (12, 12)]


def test_no_file_is_written_outside_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = ("../model.pt", "example/../../x.wav", "example/../model.pt", "/tmp/model.pt", "example/a/b.wav", "x.py")
    use(FakeClient(paths=(*PATHS, *outside, "example/a.wav")), monkeypatch)
    directory = download(MODEL, tmp_path)
    written = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    assert written == {*PATHS, "example/a.wav", "emoline-download.json"}


def test_a_file_that_is_too_short_is_removed_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(FakeClient(content=b"bad"), monkeypatch)
    with pytest.raises(ModelUnavailable, match=r"config\.yaml of someone/model arrived damaged"):
        download(MODEL, tmp_path)
    assert not (MODEL.directory(tmp_path, "master") / "config.yaml").exists()


def test_a_full_disk_is_named_also_where_the_client_hides_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    hidden = RuntimeError("1 of 3 files failed")
    hidden.failed_files = {"model.pt": full}  # type: ignore[attr-defined]
    for error in (full, hidden):
        use(FakeClient(error=error), monkeypatch)
        with pytest.raises(ModelUnavailable, match=r"ModelScope \(No space left on device\)"):
            download(MODEL, tmp_path)
