"""Writes int16 samples as media files of many formats, so that no binary file has to be kept.

Everything goes through the FFmpeg inside the PyAV wheel, except Ogg Vorbis, experimental there.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile

from tests.support.media import ogg
from tests.support.media.pictures import add_video, write_video

Samples = npt.NDArray[np.int16]

LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 8: "7.1"}


@dataclass(frozen=True)
class Format:
    """One way to write a file; `container` and the codecs are FFmpeg's names."""

    container: str
    codec: str
    suffix: str
    bit_rate: int | None = None
    video: str | None = None
    muxer_options: Mapping[str, str] = field(default_factory=dict)
    codec_options: Mapping[str, str] = field(default_factory=dict)
    rates: tuple[int, ...] = (8000, 16000, 22050, 44100, 48000, 96000)
    """Sampling rates in Hz that the codec takes, of those the tests use."""
    max_channels: int = 6


MPEG_RATES = (8000, 16000, 22050, 44100, 48000)
OPUS_RATES = (8000, 16000, 48000)
FASTSTART = {"movflags": "+faststart"}

FORMATS: dict[str, Format] = {
    "wav": Format("wav", "pcm_s16le", ".wav"),
    "wav_u8": Format("wav", "pcm_u8", ".wav"),
    "wav_s24": Format("wav", "pcm_s24le", ".wav"),
    "wav_f32": Format("wav", "pcm_f32le", ".wav"),
    "wav_alaw": Format("wav", "pcm_alaw", ".wav"),
    "wav_mulaw": Format("wav", "pcm_mulaw", ".wav"),
    "wav_adpcm": Format("wav", "adpcm_ima_wav", ".wav", max_channels=2),
    "rf64": Format("wav", "pcm_s16le", ".wav", muxer_options={"rf64": "always"}),
    "w64": Format("w64", "pcm_s16le", ".w64"),
    "aiff": Format("aiff", "pcm_s16be", ".aiff"),
    "au": Format("au", "pcm_s16be", ".au"),
    "caf": Format("caf", "pcm_s16be", ".caf"),
    "caf_alac": Format("caf", "alac", ".caf"),
    "flac": Format("flac", "flac", ".flac"),
    "wavpack": Format("wv", "wavpack", ".wv", max_channels=2),
    "mp3": Format("mp3", "libmp3lame", ".mp3", 32_000, rates=MPEG_RATES, max_channels=2),
    "mp3_vbr": Format(
        "mp3",
        "libmp3lame",
        ".mp3",
        codec_options={"flags": "+qscale", "global_quality": "708"},
        rates=MPEG_RATES,
        max_channels=2,
    ),
    "mp2": Format("mp2", "mp2", ".mp2", 64_000, rates=(16000, 22050, 44100, 48000), max_channels=2),
    "ac3": Format("ac3", "ac3", ".ac3", 96_000, rates=(44100, 48000)),
    "eac3": Format("eac3", "eac3", ".ec3", 96_000, rates=(44100, 48000)),
    "voc": Format("voc", "pcm_s16le", ".voc", max_channels=2),
    "sox": Format("sox", "pcm_s32le", ".sox"),
    "tta": Format("tta", "tta", ".tta"),
    "mpeg_ps": Format("mpeg", "mp2", ".mpg", 64_000, rates=(16000, 22050, 44100, 48000), max_channels=2),
    "vob": Format("vob", "ac3", ".vob", 96_000, "mpeg2video", rates=(44100, 48000)),
    "m4a": Format("ipod", "aac", ".m4a", 48_000),
    "m4a_faststart": Format("ipod", "aac", ".m4a", 48_000, muxer_options=FASTSTART),
    "aac": Format("adts", "aac", ".aac", 48_000),
    "vorbis": Format("ogg", "vorbis", ".ogg", max_channels=2),
    "opus": Format("ogg", "libopus", ".opus", 24_000, rates=OPUS_RATES),
    "ogg_flac": Format("ogg", "flac", ".oga"),
    "wma": Format("asf", "wmav2", ".wma", 32_000, rates=(16000, 22050, 44100, 48000), max_channels=2),
    "amr": Format("amr", "libopencore_amrnb", ".amr", 12_200, rates=(8000,), max_channels=1),
    "mp4": Format("mp4", "aac", ".mp4", 48_000, "mpeg4"),
    "mp4_h264": Format("mp4", "aac", ".mp4", 48_000, "libx264", muxer_options=FASTSTART),
    "mov": Format("mov", "pcm_s16le", ".mov", video="mpeg4"),
    "mkv": Format("matroska", "aac", ".mkv", 48_000, "mpeg4"),
    "webm": Format("webm", "libopus", ".webm", 24_000, "libvpx", rates=OPUS_RATES),
    "webm_vp9": Format("webm", "libopus", ".webm", 24_000, "libvpx-vp9", rates=OPUS_RATES),
    "avi": Format("avi", "libmp3lame", ".avi", 32_000, "mpeg4", rates=MPEG_RATES, max_channels=2),
    "mpegts": Format("mpegts", "aac", ".ts", 48_000, max_channels=2),
    "flv": Format("flv", "aac", ".flv", 48_000, max_channels=2),
}


def encode(samples: Samples, rate: int, path: Path, format_name: str = "wav") -> Path:
    """Write `samples`, int16 [n, channels] or [n] at `rate` Hz, to `path` as `FORMATS[format_name]`.

    The file's sound is n / rate seconds long, give or take the padding of a lossy codec. Returns `path`.
    Raises ValueError where the codec cannot take the rate or the number of channels.
    """
    target = FORMATS[format_name]
    samples = samples[:, None] if samples.ndim == 1 else samples
    if rate not in target.rates or samples.shape[1] > target.max_channels:
        raise ValueError(f"{format_name} cannot hold {samples.shape[1]} channels at {rate} Hz")
    if target.codec == "vorbis":
        path.write_bytes(_vorbis(samples, rate))
    else:
        _write(samples, rate, path, target)
    return path


@cache
def _encoded(data: bytes, channels: int, rate: int, format_name: str) -> bytes:
    samples = np.frombuffer(data, np.int16).reshape(-1, channels)
    with tempfile.TemporaryDirectory() as folder:
        return encode(samples, rate, Path(folder, "file"), format_name).read_bytes()


def encoded(samples: Samples, rate: int, format_name: str) -> bytes:
    """The bytes `encode` would write, kept for the next call."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    return _encoded(samples.tobytes(), channels, rate, format_name)


def audio_frame(samples: Samples, rate: int) -> av.AudioFrame:
    """int16 [n, channels] as one PyAV frame that starts at time 0."""
    packed = np.ascontiguousarray(samples).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, "s16", LAYOUTS[samples.shape[1]])
    frame.sample_rate = rate
    frame.time_base = Fraction(1, rate)
    frame.pts = 0
    return frame


def _vorbis(samples: Samples, rate: int) -> bytes:
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, samples.shape[1], format="OGG", subtype="VORBIS") as file:
        for start in range(0, len(samples), rate):  # libsndfile's stack overflows on one long write
            file.write(samples[start : start + rate])
    return ogg.with_serial(buffer.getvalue(), 1)  # libsndfile draws a random one


def _write(samples: Samples, rate: int, path: Path, target: Format) -> None:
    options = {"fflags": "+bitexact", **target.muxer_options}
    with av.open(str(path), "w", format=target.container, options=options) as container:
        video = add_video(container, target.video) if target.video else None
        audio = container.add_stream(target.codec, rate=rate, options=dict(target.codec_options))
        assert isinstance(audio, av.AudioStream)
        audio.layout = LAYOUTS[samples.shape[1]]
        if target.bit_rate:
            audio.bit_rate = target.bit_rate * samples.shape[1]
        if video:
            write_video(container, video, len(samples) / rate)
        container.start_encoding()  # writes the header even where no sample follows
        if len(samples):
            container.mux(audio.encode(audio_frame(samples, rate)))
        container.mux(audio.encode(None))
