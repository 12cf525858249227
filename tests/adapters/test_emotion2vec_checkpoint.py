"""The model directories that are accepted, and the messages for the others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.media.speech import speech_like
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.adapters.emotion2vec.model_directory import BUNDLED, resolve
from worker.adapters.emotion2vec.network.engine import Engine
from worker.adapters.emotion2vec.process import load_engine
from worker.pipeline.errors import ModelUnavailable
from worker.pipeline.inference import infer


@pytest.fixture
def model_copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUNDLED / "mini", tmp_path / "model"))


def test_the_model_has_an_id_and_a_notice(mini_model: Emotion2vecModel) -> None:
    info = mini_model.info
    assert info.id == "emoline/mini"
    assert info.labels == ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad")
    assert len(info.sha256) == 64
    assert "not to be relied on" in (info.notice or "")


def test_a_model_is_loaded_without_torchs_compiler() -> None:
    """Its import would take longer than everything else in which a model's process starts."""
    script = """if True:
        import sys
        from worker.adapters.emotion2vec.network.checkpoint import load
        from worker.adapters.emotion2vec.model_directory import BUNDLED
        load(BUNDLED / "mini", 7)
        print(sorted({"sympy", "torch._dynamo"} & set(sys.modules)))
    """
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert loaded.stdout.splitlines()[-1] == "[]"


def _refused(directory: Path) -> str:
    """The message with which the model's process ends, of what it does in this one."""
    with pytest.raises(ModelUnavailable) as refused:
        load_engine(Engine, str(directory), "cpu", "fp32", "")
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
    with (
        Emotion2vecModel(str(model_copy), segment_timeout_s=60) as model,
        pytest.raises(ModelUnavailable, match="is not a checkpoint that can be loaded safely"),
    ):
        model.start()
    assert not (tmp_path / "canary").exists()


def test_a_config_that_makes_no_network_is_refused_in_a_sentence(model_copy: Path) -> None:
    needed = "modalities: {audio: {extractor_mode: layer_norm, use_alibi_encoder: true}}"
    (model_copy / "config.yaml").write_text(f"model_conf: {{{needed}}}\n", encoding="utf-8")
    assert "cannot be loaded or does not run on cpu" in _refused(model_copy)


def test_an_architecture_that_the_batched_forward_is_not_written_for_is_refused(model_copy: Path) -> None:
    config = (model_copy / "config.yaml").read_text(encoding="utf-8")
    (model_copy / "config.yaml").write_text(config.replace("layer_norm_first: false", "layer_norm_first: true"))
    assert "has layer_norm_first True; Emoline only runs False" in _refused(model_copy)


def test_an_incomplete_directory_is_refused_before_any_process_starts(model_copy: Path, tmp_path: Path) -> None:
    (model_copy / "tokens.txt").unlink()
    with pytest.raises(ModelUnavailable, match=r"lacks tokens\.txt"):
        resolve(str(model_copy), tmp_path)


def test_a_hub_id_is_known_as_one_and_a_wrong_name_is_not(tmp_path: Path) -> None:
    assert resolve("iic/emotion2vec_plus_large", tmp_path).directory is None
    with pytest.raises(ModelUnavailable, match="neither a hub id nor a bundled model"):
        resolve("no-such-model", tmp_path)


def _with_temperature(directory: Path, temperature: object) -> None:
    configuration = json.loads((directory / "configuration.json").read_text(encoding="utf-8"))
    configuration["emoline"]["temperature"] = temperature
    (directory / "configuration.json").write_text(json.dumps(configuration), encoding="utf-8")


def test_a_temperature_makes_a_model_less_sure_and_another_model(
    model_copy: Path, mini_model: Emotion2vecModel
) -> None:
    _with_temperature(model_copy, 2.0)
    sound = [speech_like(3, seed=1).samples]
    [as_it_is] = infer(mini_model, sound)
    with Emotion2vecModel(str(model_copy), segment_timeout_s=60) as model:
        [cooled] = infer(model, sound)
        assert model.info.sha256 != mini_model.info.sha256
    before, after = (np.array(list((each.outcome.scores or {}).values())) for each in (as_it_is, cooled))
    np.testing.assert_allclose(after, np.sqrt(before) / np.sqrt(before).sum(), atol=1e-5)


@pytest.mark.parametrize("temperature", [0, -1.0, "hot", None])
def test_a_temperature_that_is_no_positive_number_is_refused(model_copy: Path, temperature: object) -> None:
    _with_temperature(model_copy, temperature)
    assert "has a temperature that is no positive number." in _refused(model_copy)
