"""The drawn weights and the fitted readout: FunASR's network gives the regression's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch.nn.functional import layer_norm

from lab.training.architecture import Shape, build_model
from lab.training.dataset import LABELS, Clip
from lab.training.draw_weights import draw_weights, mean_hidden_units
from lab.training.fit_head import fit_readout, write_readout
from lab.training.versions import distorted, varied
from tests.support.media.speech import speech_like

if TYPE_CHECKING:
    from funasr.models.emotion2vec.model import Emotion2vec

SMALL = Shape(embed_dim=64, num_heads=4, mlp_ratio=4.0)
SPEAKERS = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    """A clip of each label by each of four speakers."""
    places = [(speaker, label) for speaker in SPEAKERS for label in range(len(LABELS))]
    return [
        Clip(number, speech_like(1, seed=number).samples.astype(np.float32) / np.float32(32768), label, speaker)
        for number, (speaker, label) in enumerate(places)
    ]


@pytest.fixture
def model(clips: list[Clip]) -> Emotion2vec:
    torch.manual_seed(0)
    built = build_model(SMALL, len(LABELS)).eval()
    draw_weights(built, clips, torch.Generator().manual_seed(0))
    return built


def test_the_model_answers_as_the_regression_does(model: Emotion2vec, clips: list[Clip]) -> None:
    features = mean_hidden_units(model, clips, 2)
    readout = fit_readout(features, np.array([clip.label for clip in clips]), [clip.speaker for clip in clips])
    write_readout(model, readout)
    waveforms = torch.from_numpy(np.stack([clip.waveform for clip in clips]))
    with torch.inference_mode():
        logits = model.proj(model.extract_features(layer_norm(waveforms, waveforms.shape[-1:]))["x"].mean(dim=1))
    expected = torch.from_numpy(features[0] @ readout.weight.T + readout.bias)
    torch.testing.assert_close(logits.softmax(-1), expected.softmax(-1).float(), rtol=0, atol=2e-3)


def test_the_same_seeds_draw_the_same_weights(model: Emotion2vec, clips: list[Clip]) -> None:
    torch.manual_seed(0)
    second = build_model(SMALL, len(LABELS)).eval()
    draw_weights(second, clips, torch.Generator().manual_seed(0))
    expected = mean_hidden_units(model, clips[:2], 1)
    np.testing.assert_allclose(mean_hidden_units(second, clips[:2], 1), expected, rtol=1e-5, atol=1e-6)


def test_readout_predicts_separable_labels_and_is_unsure_where_left_out_speakers_are_hard() -> None:
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(len(LABELS)), 40)
    speakers = [SPEAKERS[number % len(SPEAKERS)] for number in range(len(labels))]
    centres = rng.normal(size=(len(LABELS), 20))
    sure, unsure = (
        (centres[labels] + noise * rng.normal(size=(2, len(labels), 20))).astype(np.float32) for noise in (0.1, 3.0)
    )
    for features, least, most in ((sure, 0.95, 1.0), (unsure, 0.0, 0.7)):
        readout = fit_readout(features, labels, speakers)
        scores = torch.from_numpy(features[0] @ readout.weight.T + readout.bias).softmax(-1).numpy()
        assert least <= scores.max(axis=1).mean() <= most
    assert (scores.argmax(axis=1) == labels).mean() > 2 / len(LABELS)


def test_versions_of_a_clip_do_not_depend_on_other_clips(clips: list[Clip]) -> None:
    together, alone = varied(clips[:3], 3), varied(clips[2:3], 3)
    np.testing.assert_array_equal(together[2], alone[0])
    np.testing.assert_array_equal(together[-2], alone[1])
    assert not np.array_equal(alone[1], alone[2])
    assert not np.array_equal(distorted(clips[2], 1), distorted(clips[2], 2))
