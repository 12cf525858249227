"""Known releases: recognised by hash, and checked by their golden clip."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner, Result

from cli import app
from tests.support.media.speech import speech_like
from worker.adapters.emotion2vec import releases
from worker.adapters.emotion2vec.hub_model import HubModel
from worker.adapters.emotion2vec.model_directory import BUNDLED, describe, file_sha256
from worker.adapters.emotion2vec.releases import GoldenScore, PinnedFile, pinned_release, revision_to_download
from worker.offline.model_check import ClipScore

(LARGE,) = releases.RELEASES


@pytest.fixture
def model_copy(tmp_path: Path) -> Path:
    """The bundled model as a directory that does not say which it is."""
    directory = Path(shutil.copytree(BUNDLED / "mini", tmp_path / "some model"))
    (directory / "configuration.json").unlink()
    return directory


@pytest.fixture
def mini_as_release(monkeypatch: pytest.MonkeyPatch) -> releases.Release:
    """The bundled model in the place of the published one."""
    files = {path.name: PinnedFile(path.stat().st_size, file_sha256(path)) for path in (BUNDLED / "mini").iterdir()}
    release = replace(LARGE, files=files)
    monkeypatch.setattr(releases, "RELEASES", (release,))
    return release


def test_the_pinned_hashes_are_those_of_the_model_that_results_name() -> None:
    digests = [bytes.fromhex(LARGE.files[file].sha256) for file in ("model.pt", "tokens.txt")]
    sha256 = hashlib.sha256(b"".join(digests)).hexdigest()
    assert sha256 == "86778bb391ed2eef3ef13fd60aeb6b6c3067ef92722942ca6f64a31dd7dc00f7"


def test_a_directory_with_a_releases_weights_is_named_as_that_release(
    model_copy: Path, mini_as_release: releases.Release
) -> None:
    info = describe(model_copy)
    assert (info.id, info.revision) == (LARGE.id, LARGE.revision)
    (model_copy / "configuration.json").write_text(json.dumps({"emoline": {"temperature": 2}}))
    cooled = describe(model_copy)
    assert (cooled.id, cooled.revision) == (LARGE.id, LARGE.revision)
    assert cooled.sha256 != info.sha256


def test_a_directory_with_other_weights_has_its_name_and_no_revision(model_copy: Path) -> None:
    info = describe(model_copy)
    assert (info.id, info.revision) == ("some model", None)


@pytest.mark.parametrize(
    ("name", "revision", "pinned"),
    [
        ("iic/emotion2vec_plus_large", "master", True),
        ("iic/emotion2vec_plus_large@master", "master", True),
        ("iic/emotion2vec_plus_large@v2.0.5", "v2.0.5", False),
        ("hf:emotion2vec/emotion2vec_plus_large", LARGE.revision, True),
        (f"hf:emotion2vec/emotion2vec_plus_large@{LARGE.revision}", LARGE.revision, True),
        ("hf:emotion2vec/emotion2vec_plus_large@main", "main", False),
        ("hf:iic/emotion2vec_plus_large", "main", False),
        ("iic/emotion2vec_plus_seed", "master", False),
        ("hf:someone/model@refs/pr/1", "refs/pr/1", False),
    ],
)
def test_a_name_has_a_hub_a_revision_and_perhaps_pinned_hashes(name: str, revision: str, pinned: bool) -> None:
    model = HubModel.from_name(name)
    assert model is not None
    assert revision_to_download(model) == revision
    assert (pinned_release(model) is LARGE) == pinned
    assert model.directory(Path("models"), revision).parent == Path("models", model.hub, model.id.partition("/")[0])


@pytest.mark.parametrize(
    "name", ["mini", "../mini", "iic/../mini", "iic/model@", "gh:iic/model", "iic/model/large", "a b/c"]
)
def test_a_name_of_another_form_is_no_model_of_a_hub(name: str) -> None:
    assert HubModel.from_name(name) is None


def check(directory: Path) -> Result:
    return CliRunner().invoke(app, ["models", "check", str(directory)], env={"COLUMNS": "500"})


def test_the_golden_clip_must_have_the_published_score(
    model_copy: Path, mini_as_release: releases.Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    (model_copy / "example").mkdir()
    soundfile.write(model_copy / "example" / "test.wav", speech_like(65_666 / 16_000, seed=3).samples, 16_000)
    wrong = check(model_copy)
    assert wrong.exit_code == 1
    assert "but 204 frames and angry 1.0000 was published" in wrong.stderr
    words = wrong.stderr.split()
    frames, emotion, confidence = int(words[2]), words[6], float(words[7].rstrip(","))
    assert frames == 204
    golden = GoldenScore(frames, emotion, confidence)
    monkeypatch.setattr(releases, "RELEASES", (replace(mini_as_release, golden=golden),))
    right = check(model_copy)
    assert right.exit_code == 0, right.output
    assert f"test.wav has 204 frames and is {emotion} {confidence:.4f}, as published." in right.stdout


def test_a_model_without_a_golden_clip_is_said_to_have_none(model_copy: Path) -> None:
    checked = check(model_copy)
    assert checked.exit_code == 0
    assert "is no release that Emoline knows" in checked.stdout
    assert "No golden clip (example/*.wav) lies beside its weights" in checked.stdout


def test_a_golden_score_is_met_to_within_a_thousandth() -> None:
    golden = GoldenScore(204, "angry", 1.0)
    assert ClipScore(204, "angry", 0.9991).is_like(golden)
    assert not ClipScore(204, "angry", 0.9985).is_like(golden)
    assert not ClipScore(205, "angry", 1.0).is_like(golden)
    assert not ClipScore(204, "happy", 1.0).is_like(golden)
