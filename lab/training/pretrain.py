"""First stage: pretrain the convolutional front end on acoustic targets, without labels.

With 25 minutes of labelled speech the seven convolutions do not learn a spectrum by themselves. So they first
learn to predict log-mel bands and periodicity of each frame's 25 ms.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from funasr.models.emotion2vec.fairseq_modules import ConvFeatureExtractionModel
from funasr.models.emotion2vec.model import Emotion2vec
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from lab.training.architecture import FRAME_STRIDE, SAMPLE_RATE
from lab.training.dataset import Waveform

WINDOW = 400
"""Samples that one frame of the front end sees: 25 ms."""

MEL_BANDS = 64
PERIODICITY_LAGS = np.unique(np.geomspace(32, 200, 40).astype(int))
"""Samples; pitches from 500 down to 80 Hz."""

FIRST_CONVOLUTION_SCALE = 0.02
"""Factor on the first convolution's initial weights. Otherwise its layer norm over channels would divide every instant
by its own level; weights this small leave ordinary speech near the norm's epsilon, so that level survives."""


def normalise(waveform: Tensor) -> Tensor:
    """Layer-norm over the last axis, as FunASR does to each whole segment."""
    return F.layer_norm(waveform, waveform.shape[-1:])


class AcousticTargets(nn.Module):
    """Log-mel bands and normalised autocorrelation of each frame's window, scaled by fixed constants."""

    mel: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mel", torch.from_numpy(mel_filters()))
        self.register_buffer("window", torch.hann_window(WINDOW))
        self.size = MEL_BANDS + len(PERIODICITY_LAGS)

    def forward(self, waveform: Tensor) -> Tensor:
        """Map normalised waveforms [batch, samples] to targets [batch, frames, size]."""
        frames = waveform.unfold(-1, WINDOW, FRAME_STRIDE)
        power = torch.fft.rfft(frames * self.window, n=1024).abs().square()
        mel = (power @ self.mel + 1e-3).log()
        autocorrelation = torch.fft.irfft(power)
        periodicity = autocorrelation[..., PERIODICITY_LAGS] / (autocorrelation[..., :1] + 1e-3)
        return torch.cat([(mel - 0.5) / 3.0, periodicity * 2.0], dim=-1)


def pretrain_front_end(
    model: Emotion2vec, waveforms: Sequence[Waveform], steps: int, rng: np.random.Generator
) -> float:
    """Train the model's `local_encoder` in place; return the last tenth of the steps' mean squared error.

    `waveforms` are raw and of any length; batches are one-second windows of them.
    """
    encoder = local_encoder(model)
    targets = AcousticTargets()
    with torch.no_grad():
        encoder.conv_layers[0][0].weight.mul_(FIRST_CONVOLUTION_SCALE)
    width = encoder.conv_layers[-1][0].out_channels
    head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, targets.size))
    parameters = [*encoder.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps, pct_start=0.1)
    losses = []
    progress = tqdm(_one_second_batches(waveforms, steps, rng), total=steps, desc="front end")
    for batch in progress:
        loss = F.mse_loss(head(channels_last(encoder, batch)), targets(batch))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        progress.set_postfix(mse=f"{np.mean(losses[-20:]):.3f}")
    return float(np.mean(losses[-max(1, steps // 10) :]))


@torch.inference_mode()
def encode(encoder: ConvFeatureExtractionModel, waveform: Waveform) -> Tensor:
    """Return the front end's frames [frames, channels] for a raw waveform."""
    return channels_last(encoder, normalise(torch.from_numpy(waveform))[None])[0]


def channels_last(encoder: ConvFeatureExtractionModel, waveforms: Tensor) -> Tensor:
    """Compute `encoder(waveforms).transpose(1, 2)`, two to three times as fast on a CPU.

    Each convolution is one matrix product over unfolded windows, so that its layer norm needs no transpose.
    Maps [batch, samples] to [batch, frames, channels].
    """
    hidden = waveforms[..., None]
    for convolution, _, (_, norm, _), activation in encoder.conv_layers:
        windows = hidden.unfold(1, convolution.kernel_size[0], convolution.stride[0])
        hidden = F.linear(windows.flatten(2), convolution.weight.flatten(1))
        hidden = activation(norm(hidden))
    return hidden


def local_encoder(model: Emotion2vec) -> ConvFeatureExtractionModel:
    """Return the seven convolutions of an Emotion2vec."""
    return model.modality_encoders["AUDIO"].local_encoder


def _one_second_batches(
    waveforms: Sequence[Waveform], steps: int, rng: np.random.Generator, batch_size: int = 8
) -> Iterator[Tensor]:
    for _ in range(steps):
        chosen = rng.integers(len(waveforms), size=batch_size)
        yield torch.stack([_window(normalise(torch.from_numpy(waveforms[index])), rng) for index in chosen])


def _window(waveform: Tensor, rng: np.random.Generator) -> Tensor:
    start = int(rng.integers(max(1, len(waveform) - SAMPLE_RATE)))
    return F.pad(waveform[start : start + SAMPLE_RATE], (0, max(0, start + SAMPLE_RATE - len(waveform))))


def mel_filters() -> NDArray[np.float32]:
    """Triangular filters [513, MEL_BANDS] for a 1024-point spectrum, 60 Hz to 8 kHz, O'Shaughnessy's mel."""
    lowest, highest = 2595 * np.log10(1 + np.array([60.0, 8000.0]) / 700)
    edges_mel = np.linspace(lowest, highest, MEL_BANDS + 2)
    edges = 700 * (10 ** (edges_mel / 2595) - 1)
    frequencies = np.fft.rfftfreq(1024, 1 / SAMPLE_RATE)[:, None]
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), dtype=np.float32)
