"""Which model directories are taken, and in which sentence the others are refused."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import torch

from worker.adapters.emotion2vec.directory import BUNDLED, resolve
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.pipeline.errors import ModelUnavailable


@pytest.fixture
def model_copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUNDLED / "mini", tmp_path / "model"))


def test_the_model_says_what_it_is(mini_model: Emotion2vecModel) -> None:
    info = mini_model.info
    assert info.id == "emoline/mini"
    assert info.labels == ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad")
    assert len(info.sha256) == 64
    assert "not to be relied on" in (info.notice or "")


def _refused(directory: Path) -> str:
    with Emotion2vecModel(str(directory), segment_timeout_s=60) as model, pytest.raises(ModelUnavailable) as refused:
        model.start()
    return str(refused.value)


def _rewrite(directory: Path, change: dict[str, torch.Tensor | None]) -> None:
    stored = torch.load(directory / "model.pt", weights_only=True)
    stored["model"] = {k: change.get(k, v) for k, v in stored["model"].items() if change.get(k, v) is not None}
    torch.save(stored, directory / "model.pt")


def test_a_checkpoint_that_lacks_weights_is_refused_by_name(model_copy: Path) -> None:
    _rewrite(model_copy, {"proj.weight": None})
    assert "lacks 1 of the network's weights: proj.weight." in _refused(model_copy)


def test_a_checkpoint_of_another_shape_is_refused_by_name(model_copy: Path) -> None:
    _rewrite(model_copy, {"proj.bias": torch.zeros(9)})
    assert "has another shape for 1 of the network's weights: proj.bias." in _refused(model_copy)


def test_a_checkpoint_that_runs_code_when_loaded_is_refused(model_copy: Path, tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'canary'}",)

    torch.save({"model": Payload()}, model_copy / "model.pt")
    assert "is not a checkpoint that can be loaded safely" in _refused(model_copy)
    assert not (tmp_path / "canary").exists()


def test_a_config_that_makes_no_network_is_refused_in_a_sentence(model_copy: Path) -> None:
    needed = "modalities: {audio: {extractor_mode: layer_norm, use_alibi_encoder: true}}"
    (model_copy / "config.yaml").write_text(f"model_conf: {{{needed}}}\n", encoding="utf-8")
    assert "cannot be loaded or does not run on cpu" in _refused(model_copy)


def test_an_architecture_that_the_batched_forward_is_not_written_for_is_refused(model_copy: Path) -> None:
    config = (model_copy / "config.yaml").read_text(encoding="utf-8")
    (model_copy / "config.yaml").write_text(config.replace("layer_norm_first: false", "layer_norm_first: true"))
    assert "has layer_norm_first True; Emoline only runs False" in _refused(model_copy)


def test_an_incomplete_directory_is_refused_before_any_process_starts(model_copy: Path) -> None:
    (model_copy / "tokens.txt").unlink()
    with pytest.raises(ModelUnavailable, match=r"lacks tokens\.txt"):
        resolve(str(model_copy))


def test_a_hub_id_is_known_as_one_and_a_wrong_name_is_not() -> None:
    assert resolve("iic/emotion2vec_plus_large").directory is None
    with pytest.raises(ModelUnavailable, match="neither a hub id nor a bundled model"):
        resolve("no-such-model")
