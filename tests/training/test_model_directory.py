"""FunASR loads written model directories, key by key."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.benchmarks.funasr_peer import load_auto_model
from lab.training.architecture import LARGE, Shape, build_model
from lab.training.dataset import LABELS
from lab.training.model_directory import (
    LABEL_NAMES,
    Identity,
    write_model_directory,
    write_random_model_directory,
)
from lab.training.pretrain import channels_last, local_encoder

TINY = Shape(embed_dim=64, num_heads=4, prenet_depth=1, depth=1, conv_channels=(16,) * 7)
TOKENS = [LABEL_NAMES[label] for label in LABELS]
IDENTITY = Identity("emoline/test", "1", "For tests.")


def test_the_head_must_have_one_output_per_token(tmp_path: Path) -> None:
    state = build_model(TINY, 3).state_dict()
    with pytest.raises(ValueError, match="3 outputs for 7 tokens"):
        write_model_directory(tmp_path, TINY, state, TOKENS, IDENTITY)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    states = []
    for name in ("first", "second"):
        write_random_model_directory(tmp_path / name, TINY, TOKENS, IDENTITY, seed=5)
        states.append(torch.load(tmp_path / name / "model.pt", weights_only=True)["model"])
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_only_backbone_keys_carry_the_published_prefix(tmp_path: Path) -> None:
    write_random_model_directory(tmp_path, TINY, TOKENS, IDENTITY)
    keys = torch.load(tmp_path / "model.pt", weights_only=True)["model"].keys()
    assert {key for key in keys if not key.startswith("d2v_model.")} == {"proj.weight", "proj.bias"}


def test_configuration_carries_the_identity(tmp_path: Path) -> None:
    write_random_model_directory(tmp_path, TINY, TOKENS, IDENTITY)
    configuration = json.loads((tmp_path / "configuration.json").read_text(encoding="utf-8"))
    assert configuration["emoline"] == {"id": "emoline/test", "revision": "1", "notice": "For tests."}


def test_funasr_loads_every_key_and_answers_each_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_random_model_directory(tmp_path, TINY, TOKENS, IDENTITY)
    model = load_auto_model(tmp_path, "cpu", 1)
    assert "miss key" not in capsys.readouterr().out
    noise = np.random.default_rng(0).normal(size=16_000).astype(np.float32)
    [result] = model.generate(noise, granularity="utterance", extract_embedding=False)
    assert result["labels"] == TOKENS
    assert sum(result["scores"]) == pytest.approx(1.0, abs=1e-5)


def test_large_shape_has_the_published_size_less_its_decoder() -> None:
    with torch.device("meta"):
        model = build_model(LARGE, 9)
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(162e6, rel=0.01)


def test_channels_last_front_end_equals_funasrs() -> None:
    encoder = local_encoder(build_model(TINY, 7))
    waveforms = torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(channels_last(encoder, waveforms), encoder(waveforms).transpose(1, 2))
