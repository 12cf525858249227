"""The two hubs' own client libraries behind one interface: list the files of a revision, fetch some of them.

Tokens, endpoints and proxies are the libraries' own settings: `HF_TOKEN`, `HF_ENDPOINT`, `MODELSCOPE_API_TOKEN`,
`MODELSCOPE_ENDPOINT`, `HTTPS_PROXY`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from worker.adapters.emotion2vec.hub_model import HUGGING_FACE, MODELSCOPE, HubModel

_QUIET = {"TQDM_DISABLE": "1", "HF_HUB_VERBOSITY": "critical", "MODELSCOPE_LOG_LEVEL": "CRITICAL"}

OnBytes = Callable[[int], None]
"""Takes the number of bytes that came, negative where some must come again; from any thread."""


class NotOnHub(Exception):
    """The hub has no such model or revision, or shows it only to others."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file as the hub lists it: its size in bytes, and its SHA-256 or the SHA-1 of its Git blob if the hub tells."""

    path: str
    size: int
    sha256: str | None
    git_sha1: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of one revision of a model; `revision` is the commit where the hub tells it."""

    model_id: str
    revision: str
    files: Sequence[HubFile]


class HubClient(Protocol):
    """A hub."""

    def list_files(self, model_id: str, revision: str) -> Snapshot:
        """List a revision. Raises NotOnHub, and the errors of the hub's library."""
        ...

    def fetch(self, snapshot: Snapshot, files: Sequence[HubFile], directory: Path, on_bytes: OnBytes) -> None:
        """Fetch files into `directory`, beginning where an earlier call broke off.

        Files that are there and complete are not fetched again. Raises the errors of the hub's library, and OSError.
        """
        ...


class HuggingFaceClient:
    """`HubClient` by huggingface_hub."""

    def list_files(self, model_id: str, revision: str) -> Snapshot:
        """List a revision; a branch or tag becomes its commit."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError
        from huggingface_hub.hf_api import RepoFile

        api = HfApi()
        try:
            commit = api.model_info(model_id, revision=revision).sha
            assert commit
            entries = list(api.list_repo_tree(model_id, recursive=True, revision=commit))
        except (RepositoryNotFoundError, RevisionNotFoundError) as error:
            raise NotOnHub from error
        files = [
            HubFile(
                entry.path, entry.size, entry.lfs.sha256 if entry.lfs else None, None if entry.lfs else entry.blob_id
            )
            for entry in entries
            if isinstance(entry, RepoFile)
        ]
        return Snapshot(model_id, commit, files)

    def fetch(self, snapshot: Snapshot, files: Sequence[HubFile], directory: Path, on_bytes: OnBytes) -> None:
        """Fetch files one after the other.

        By `http_get` and not by `snapshot_download`: that one throws away what a download that breaks off has received,
        and its other protocol, Xet, begins again too.
        """
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

        class Progress(_SilentBar):
            report = staticmethod(on_bytes)

        for file in files:
            target = directory / file.path
            if target.exists():
                on_bytes(file.size)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished = target.with_name(f"{target.name}.incomplete")
            with unfinished.open("ab") as output:
                if output.tell() > file.size:
                    output.truncate(0)
                begun = output.tell()
                on_bytes(begun)
                http_get(
                    hf_hub_url(snapshot.model_id, file.path, revision=snapshot.revision),
                    output,
                    resume_size=begun,
                    headers=build_hf_headers(),
                    expected_size=file.size,
                    displayed_filename=file.path,
                    tqdm_class=Progress,  # type: ignore[arg-type]
                )
            unfinished.replace(target)


class ModelScopeClient:
    """`HubClient` by modelscope_hub, the library under modelscope."""

    def list_files(self, model_id: str, revision: str) -> Snapshot:
        """List a revision, which keeps its name: ModelScope tells no commit of a branch."""
        from modelscope_hub import HubApi
        from modelscope_hub.errors import AuthenticationError, NotExistError, PermissionDeniedError

        try:
            entries = HubApi().list_repo_files(model_id, "model", revision=revision)
        except (AuthenticationError, NotExistError, PermissionDeniedError) as error:
            raise NotOnHub from error
        return Snapshot(
            model_id,
            revision,
            [HubFile(entry.path, entry.size, (entry.sha256 or "").lower() or None) for entry in entries],
        )

    def fetch(self, snapshot: Snapshot, files: Sequence[HubFile], directory: Path, on_bytes: OnBytes) -> None:
        """Fetch files by the library's own download of a repository, which keeps its parts when it breaks off."""
        from modelscope_hub import HubApi

        class Progress(_SilentBar):
            report = staticmethod(on_bytes)

        for file in files:
            if (directory / file.path).exists():  # the library tells nothing of these
                on_bytes(file.size)
        HubApi().download_repo(
            snapshot.model_id,
            "model",
            revision=snapshot.revision,
            cache_dir=directory.parent,
            local_dir=directory,
            max_workers=1,
            progress_callbacks=[Progress],  # type: ignore[list-item]
            file_list=[{"Path": file.path, "Size": file.size, "Sha256": file.sha256} for file in files],
        )


class _SilentBar:
    """The part of tqdm's interface, and of ModelScope's `ProgressCallback`, by which both libraries tell progress."""

    report: OnBytes

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def update(self, count: int) -> None:
        self.report(count)

    def end(self) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> _SilentBar:
        return self

    def __exit__(self, *_: object) -> None: ...


def client_of(model: HubModel) -> HubClient:
    """The client of a model's hub."""
    # Emoline shows progress itself, and says itself what failed. The libraries read these when they are imported.
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    clients: dict[str, Callable[[], HubClient]] = {MODELSCOPE: ModelScopeClient, HUGGING_FACE: HuggingFaceClient}
    return clients[model.hub]()
