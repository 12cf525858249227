"""Third stage: ridge regression of the labels on the drawn features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from funasr.models.emotion2vec.model import Emotion2vec
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evaluation.temperature import best_temperature
from lab.training.draw_weights import ANCHOR, ANCHORS

RIDGE = 5.0
"""Ridge for each version of the clips, for features with a variance of 1. Chosen on training speakers: `README.md`."""

_FOLDS = 4


@dataclass(frozen=True)
class Readout:
    """A linear map from features to logits: `weight` [labels, hidden] times the features, plus `bias` [labels]."""

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]


def fit_readout(features: NDArray[np.float32], labels: NDArray[np.int_], speakers: Sequence[str]) -> Readout:
    """Fit a readout of `features` [versions, clips, hidden].

    The scale of the logits (temperature) is chosen on speakers left out in turn.
    """
    versions, clips, hidden = features.shape
    rows, spoken = features.reshape(versions * clips, hidden), np.tile(labels, versions)
    regression = make_pipeline(StandardScaler(), RidgeClassifier(RIDGE * versions, class_weight="balanced"))
    left_out = cross_val_predict(
        regression,
        rows,
        spoken,
        groups=np.tile(speakers, versions),
        cv=GroupKFold(_FOLDS),
        method="decision_function",
    )
    scaler, ridge = (step for _, step in regression.fit(rows, spoken).steps)
    weight = ridge.coef_ / scaler.scale_
    sharpness = 1 / best_temperature(left_out, spoken)
    return Readout(sharpness * weight, sharpness * (ridge.intercept_ - weight @ scaler.mean_))


@torch.no_grad()
def write_readout(model: Emotion2vec, readout: Readout) -> None:
    """Write `readout` behind the hidden units of a model from `draw_weights`.

    The last norm is set so that it leaves logits and frame embeddings unchanged.
    """
    block, (outputs, _) = model.blocks[-1], readout.weight.shape
    block.mlp.fc2.weight.zero_()
    block.mlp.fc2.weight[:outputs] = torch.from_numpy(readout.weight)
    block.mlp.fc2.bias.zero_()
    block.norm2.weight.fill_(ANCHOR * (2 / len(block.norm2.weight)) ** 0.5)
    block.norm2.weight[ANCHORS] = 0
    block.norm2.bias.zero_()
    model.proj.weight.copy_(torch.eye(*model.proj.weight.shape))
    model.proj.bias.copy_(torch.from_numpy(readout.bias))
