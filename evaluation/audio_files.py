"""Sound from files, and into them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from evaluation.distortions import Condition, Sound
from worker.pipeline.channels import mix
from worker.pipeline.ports import AudioDecoder

_CODECS = {"mp3": ("mp3", "libmp3lame"), "opus": ("ogg", "libopus")}
_FULL_SCALE = 32_767


def read(clip: Path, decoder: AudioDecoder) -> Sound:
    """All of a clip, mixed into one channel. Raises PipelineError."""
    with clip.open("rb") as opened, decoder.open(opened) as stream:
        return np.concatenate([mix(block) for block in stream.blocks()]) / _FULL_SCALE


def write(sound: Sound, condition: Condition, folder: Path) -> Path:
    """A file in `folder` as the condition says, of 16-bit samples before the codec."""
    samples = np.round(np.clip(sound, -1, 1) * _FULL_SCALE).astype(np.int16)
    path = folder / f"clip.{condition.codec}"
    if condition.codec == "wav":
        soundfile.write(path, samples, condition.rate, subtype="PCM_16")
        return path
    container_name, codec = _CODECS[condition.codec]
    with av.open(str(path), "w", format=container_name) as container:
        stream = container.add_stream(codec, rate=condition.rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if condition.bit_rate:
            stream.bit_rate = condition.bit_rate
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate, frame.time_base, frame.pts = condition.rate, Fraction(1, condition.rate), 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
