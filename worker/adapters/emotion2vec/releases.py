"""The published weights that Emoline knows: recognised by their hashes, wherever they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from worker.adapters.emotion2vec.hub_model import HUGGING_FACE, MODELSCOPE, HubModel

WITHOUT_CLASSIFIER = frozenset({"emotion2vec_base"})
"""Names of published models that are only an encoder: they give embeddings, and no emotions."""


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file's size in bytes and its SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class GoldenScore:
    """The score that a release gives its own example/test.wav: frames of 20 ms, main emotion and its confidence."""

    frames: int
    emotion: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Release:
    """Published weights. `id` and `revision` name them in results; `sources` maps hub and id to the pinned revision."""

    id: str
    revision: str
    sources: Mapping[tuple[str, str], str]
    files: Mapping[str, PinnedFile]
    golden: GoldenScore


# The tag v2.0.5 on ModelScope has the same weights with other tokens, so it is not this release.
RELEASES = (
    Release(
        id="emotion2vec/emotion2vec_plus_large",
        revision="6c303ba987b86b93193de93e34bb2b077a6bedc4",
        sources={
            (HUGGING_FACE, "emotion2vec/emotion2vec_plus_large"): "6c303ba987b86b93193de93e34bb2b077a6bedc4",
            (MODELSCOPE, "iic/emotion2vec_plus_large"): "master",
        },
        files={
            "model.pt": PinnedFile(1_945_790_254, "be501a01f26fcdc7663a062dff86af839afbaef7c4de32f5e42d7e1ad2784da4"),
            "tokens.txt": PinnedFile(119, "866121e470057b847d7a50e9923509141fb2924392f53385a186482a1ec0fb7f"),
            "config.yaml": PinnedFile(5_552, "f4fa0eb82cc78bfebb43c56d68791afb01788085a18897d20999af7bc45d51d3"),
        },
        golden=GoldenScore(204, "angry", 1.0),
    ),
)


def find_release(model_sha256: str, tokens_sha256: str) -> Release | None:
    """Find the release with these hashes of `model.pt` and `tokens.txt`."""
    hashes = {"model.pt": model_sha256, "tokens.txt": tokens_sha256}
    for release in RELEASES:
        if all(release.files[file].sha256 == sha256 for file, sha256 in hashes.items()):
            return release
    return None


def pinned_release(model: HubModel) -> Release | None:
    """Find the release that the hub must send for a model: by default, or where its pinned revision is asked for."""
    for release in RELEASES:
        revision = release.sources.get((model.hub, model.id))
        if revision and model.revision in (None, revision):
            return release
    return None


def revision_to_download(model: HubModel) -> str:
    """Return the revision that the user names, else the pinned one, else the hub's default branch."""
    if model.revision:
        return model.revision
    release = pinned_release(model)
    return release.sources[model.hub, model.id] if release else model.default_branch
