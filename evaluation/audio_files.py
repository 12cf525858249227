"""Samples read from audio files, and written to them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from evaluation.distortions import Condition, Samples
from shared.domain.raw_sound import RawSound
from worker.pipeline.channel_mix import ChannelMixer
from worker.pipeline.ports import AudioDecoder

_CODECS = {"mp3": ("mp3", "libmp3lame"), "opus": ("ogg", "libopus")}
_FULL_SCALE = 32_767


def read_audio(clip: Path, decoder: AudioDecoder) -> Samples:
    """Read a whole clip, mixed into one channel at 16 kHz. Raises PipelineError."""
    with clip.open("rb") as opened, decoder.open(opened, raw=RawSound.from_name(clip.name)) as stream:
        mixer = ChannelMixer()
        return np.concatenate([mixer.mix(block) for block in stream.blocks()]) / _FULL_SCALE


def write_audio(samples: Samples, condition: Condition, folder: Path) -> Path:
    """Write a file in `folder` with the rate and codec of a condition, from 16-bit samples, and return its path."""
    samples_16_bit = np.round(np.clip(samples, -1, 1) * _FULL_SCALE).astype(np.int16)
    path = folder / f"clip.{condition.codec}"
    if condition.codec == "wav":
        soundfile.write(path, samples_16_bit, condition.rate, subtype="PCM_16")
        return path
    container_name, codec = _CODECS[condition.codec]
    with av.open(str(path), "w", format=container_name) as container:
        stream = container.add_stream(codec, rate=condition.rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if condition.bit_rate:
            stream.bit_rate = condition.bit_rate
        frame = av.AudioFrame.from_ndarray(samples_16_bit[None], "s16", "mono")
        frame.sample_rate, frame.time_base, frame.pts = condition.rate, Fraction(1, condition.rate), 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
