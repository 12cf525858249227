"""Download a model from its hub: what is needed of it, once, resumed where it broke off, and verified."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from filelock import FileLock

from worker.adapters.emotion2vec.hub_clients import HubClient, HubFile, NotOnHub, Snapshot, client_of
from worker.adapters.emotion2vec.hub_model import DownloadRecord, HubModel, read_record, remove_record, write_record
from worker.adapters.emotion2vec.model_directory import REQUIRED_FILES, file_sha256
from worker.adapters.emotion2vec.releases import pinned_release, revision_to_download
from worker.pipeline.errors import ModelUnavailable

OnProgress = Callable[[int, int], None]
"""Takes the bytes that are here and the bytes of all files; from any thread."""

_WANTED = re.compile(r"config\.yaml|configuration\.json|model\.pt|tokens\.txt|example/[^/\\]+\.wav")
"""The paths of files that are downloaded. No other is, so that no hub can have a file written elsewhere."""


def download(model: HubModel, models_dir: Path, on_progress: OnProgress | None = None) -> Path:
    """Download a model into its directory under `models_dir` and return that; another process that does so is awaited.

    A download that is complete is only verified, which sends no request.

    Raises:
        ModelUnavailable: the hub does not send the model, or sends another than it lists or than the release that
            Emoline knows; the message is a sentence that says what to do.
    """
    directory = model.directory(models_dir.expanduser(), revision_to_download(model))
    with _as_unavailable(model, models_dir):
        directory.mkdir(parents=True, exist_ok=True)
        with FileLock(directory.with_name(f"{directory.name}.lock")):
            record = read_record(directory)
            if record and all(file_sha256(directory / file) == sha256 for file, sha256 in record.files.items()):
                return directory
            remove_record(directory)
            client = client_of(model)
            snapshot = client.list_files(model.id, revision_to_download(model))
            _fetch(client, snapshot, model, directory, on_progress)
    return directory


def _fetch(
    client: HubClient, snapshot: Snapshot, model: HubModel, directory: Path, on_progress: OnProgress | None
) -> None:
    """Fetch the wanted files of a snapshot, verify them, and record the download as complete."""
    files = [file for file in snapshot.files if _WANTED.fullmatch(file.path)]
    missing = set(REQUIRED_FILES) - {file.path for file in files}
    if missing:
        raise ModelUnavailable(
            f"{model.id} on {model.hub_name} is no emotion2vec model in FunASR's layout: it lacks "
            f"{', '.join(sorted(missing))}."
        )
    total = sum(file.size for file in files)
    here, lock = 0, Lock()

    def on_bytes(count: int) -> None:
        nonlocal here
        with lock:
            here += count
            if on_progress:
                on_progress(min(here, total), total)

    _remove_damaged(files, directory)
    client.fetch(snapshot, files, directory, on_bytes)
    hashes = {file.path: _verified_sha256(file, model, directory) for file in files}
    write_record(directory, DownloadRecord(snapshot.model_id, snapshot.revision, hashes))


def _remove_damaged(files: list[HubFile], directory: Path) -> None:
    """Remove the files of an earlier download that are not as the hub lists them, so that they are fetched again."""
    for file in files:
        path = directory / file.path
        if path.exists() and not _is_as_listed(file, path, file_sha256(path)):
            path.unlink()


def _is_as_listed(file: HubFile, path: Path, sha256: str) -> bool:
    """Compare a file with all that the hub tells of it."""
    if path.stat().st_size != file.size:
        return False
    if file.git_sha1:
        return hashlib.sha1(b"blob %d\0" % file.size + path.read_bytes()).hexdigest() == file.git_sha1
    return file.sha256 in (None, sha256)


def _verified_sha256(file: HubFile, model: HubModel, directory: Path) -> str:
    """The SHA-256 of a file that is as listed and as pinned. Raises ModelUnavailable, and removes any other."""
    path = directory / file.path
    sha256 = file_sha256(path)
    if not _is_as_listed(file, path, sha256):
        path.unlink()
        raise ModelUnavailable(
            f"{file.path} of {model.id} arrived damaged: it is not as {model.hub_name} lists it. It was removed; "
            "download it again."
        )
    release = pinned_release(model)
    pinned = release.files.get(file.path) if release else None
    if pinned and (file.size, sha256) != (pinned.size, pinned.sha256):
        path.unlink()
        raise ModelUnavailable(
            f"{model.hub_name} sent a {file.path} of {model.id} ({file.size} bytes, SHA-256 {sha256[:8]}…) that is "
            f"not the known release's ({pinned.size} bytes, {pinned.sha256[:8]}…), and it was removed. If a proxy or "
            "mirror is between, take it out and download again; if the model was published anew, name its revision "
            f"after the id ({model.id}@…)."
        )
    return sha256


@contextmanager
def _as_unavailable(model: HubModel, models_dir: Path) -> Iterator[None]:
    """Turn every other error, of two libraries and of the disk, into ModelUnavailable."""
    try:
        yield
    except ModelUnavailable:
        raise
    except NotOnHub as error:
        revision = f" at revision {model.revision}" if model.revision else ""
        raise ModelUnavailable(
            f"{model.hub_name} has no model {model.id}{revision} for you. Check its name; a private one needs the "
            "hub's token."
        ) from error
    except Exception as error:
        raise ModelUnavailable(
            f"The model {model.id} could not be downloaded from {model.hub_name} ({_reason(error)}). The part that "
            "came is kept, and the next try continues there. Where there is no network, copy a complete "
            f"{models_dir} from another machine, or put the model's config.yaml, model.pt and tokens.txt into a "
            "directory and set EMOLINE_MODEL (or --model) to it."
        ) from error


def _reason(error: Exception) -> str:
    """The disk's own words where the disk is at fault, else the kinds of errors, of one file in ModelScope's case."""
    if isinstance(error, OSError) and error.errno and error.strerror:
        return error.strerror
    failed: dict[str, Exception] = getattr(error, "failed_files", {})
    return ", ".join(sorted({_reason(each) for each in failed.values()})) or type(error).__name__
