"""The compared ways to score clips: FunASR one by one, padded batches, and our network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from lab.benchmarks.engine.clips import LONGEST_S
from lab.benchmarks.engine.devices import padded_clips, precisions
from lab.benchmarks.funasr_peer import load_peer
from shared.domain.recording import SAMPLE_RATE
from worker.adapters.emotion2vec.model_directory import UNUSED, tokens
from worker.adapters.emotion2vec.network.batched_forward import Network
from worker.adapters.emotion2vec.network.checkpoint import load
from worker.adapters.emotion2vec.network.precision import batch_samples, dtype_of
from worker.pipeline.inference import split_into_batches
from worker.pipeline.ports import Samples

Scores = NDArray[np.float64]
"""Scores [clips, labels]; not a number where a clip got no finite scores."""

Scorer = Callable[[Sequence[Samples]], Scores]
"""A function from clips [n] to their scores, which makes its own batches."""

_FULL_SCALE = 32768.0


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to score clips; `load` loads it on the device."""

    title: str
    implementation: str
    precision: str
    load: Callable[[], Scorer]


def variants(directory: Path, device: torch.device, threads: int) -> list[Variant]:
    """Return all variants, FunASR one by one first: it is the reference."""
    return [
        Variant("FunASR one by one", "funasr", "fp32", lambda: _OneByOne(directory, device, threads)),
        Variant(f"padded to {LONGEST_S:.0f} s", "padded", "fp32", lambda: _Padded(directory, device)),
        *(
            Variant(f"ours, {precision}", "ours", precision, partial(_Ours, directory, device, precision))
            for precision in precisions(device)
        ),
    ]


class _OneByOne:
    def __init__(self, directory: Path, device: torch.device, threads: int) -> None:
        self._peer = load_peer(directory, device.type, threads)

    def __call__(self, clips: Sequence[Samples]) -> Scores:
        return np.array([self._peer(clip) for clip in clips])


class _Padded:
    """The published recipe for batches: FunASR's modules over clips padded with zeros, nothing masked."""

    def __init__(self, directory: Path, device: torch.device) -> None:
        names = tokens(directory)
        self._used = [index for index, name in enumerate(names) if not name.startswith(UNUSED)]
        self._model = load(directory, len(names)).to(device)
        self._device = device
        self._clips = padded_clips(device)

    @torch.inference_mode()
    def __call__(self, clips: Sequence[Samples]) -> Scores:
        parts = [self._scores(clips[at : at + self._clips]) for at in range(0, len(clips), self._clips)]
        return np.concatenate(parts)

    def _scores(self, clips: Sequence[Samples]) -> Scores:
        padded = torch.zeros(len(clips), round(LONGEST_S * SAMPLE_RATE))
        for row, clip in zip(padded, clips, strict=True):
            row[: len(clip)] = torch.from_numpy(clip) / _FULL_SCALE
        sound = padded.to(self._device)
        if self._model.cfg.normalize:
            sound = F.layer_norm(sound, sound.shape[1:])
        features = self._model.extract_features(sound, padding_mask=None)["x"]
        logits = self._model.proj(features.mean(dim=1))[:, self._used]
        scores: Scores = logits.softmax(dim=-1).cpu().double().numpy()
        return scores


class _Ours:
    """The network of the model's process, here in this process, with the same batch size."""

    def __init__(self, directory: Path, device: torch.device, precision: str) -> None:
        self._network = Network(directory, device, dtype_of(precision))
        self._most = batch_samples(device)

    def __call__(self, clips: Sequence[Samples]) -> Scores:
        batches = split_into_batches(range(len(clips)), clips, self._most)
        outputs = [self._network([torch.from_numpy(clips[index]) for index in batch]) for batch in batches]
        scores: Scores = torch.cat([output.scores for output in outputs]).double().numpy()
        return scores
