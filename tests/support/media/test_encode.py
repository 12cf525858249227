"""Each format that `encode` writes can be read again, as long as it should be."""

from pathlib import Path

import av
import numpy as np
import pytest

from tests.support.media.encode import FORMATS, MPEG_RATES, Samples, encode
from tests.support.media.speech import speech_like

SECONDS = 1.28


def read_back(path: Path) -> tuple[float, int, int]:
    """Seconds of sound, rate in Hz, channels."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        count = sum(frame.samples for frame in container.decode(stream))
        return count / stream.rate, stream.rate, stream.channels


def padding(rate: int) -> float:
    """Seconds a lossy codec may add: 0.1, or at 8 kHz its delay and an unfilled last frame."""
    return max(0.1, 2 * 1152 / rate)


def speech(rate: int, channels: int) -> Samples:
    return np.stack([speech_like(SECONDS, rate, seed).samples for seed in range(channels)], axis=1)


@pytest.mark.parametrize(
    ("name", "channels"),
    [(name, count) for name, target in FORMATS.items() for count in (1, 2, 6) if count <= target.max_channels],
)
def test_every_format_reads_back(tmp_path: Path, name: str, channels: int) -> None:
    target = FORMATS[name]
    rate = 16_000 if 16_000 in target.rates else target.rates[0]
    path = encode(speech(rate, channels), rate, tmp_path / f"a{target.suffix}", name)
    expected_rate = 48_000 if target.codec == "libopus" else rate  # Opus is always decoded at 48 kHz
    seconds, read_rate, read_channels = read_back(path)
    assert (read_rate, read_channels) == (expected_rate, channels)
    assert seconds == pytest.approx(SECONDS, abs=padding(read_rate))


@pytest.mark.parametrize("name", ["wav", "flac", "m4a", "vorbis"])
@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
def test_every_rate_reads_back(tmp_path: Path, name: str, rate: int) -> None:
    seconds, read_rate, _ = read_back(encode(speech(rate, 1), rate, tmp_path / "a", name))
    assert read_rate == rate
    assert seconds == pytest.approx(SECONDS, abs=padding(read_rate))


@pytest.mark.parametrize("rate", MPEG_RATES)
def test_every_mp3_rate_reads_back(tmp_path: Path, rate: int) -> None:
    seconds, read_rate, _ = read_back(encode(speech(rate, 1), rate, tmp_path / "a.mp3", "mp3"))
    assert read_rate == rate
    assert seconds == pytest.approx(SECONDS, abs=padding(read_rate))


@pytest.mark.parametrize("name", ["wav", "wav_s24", "rf64", "w64", "aiff", "caf", "caf_alac", "flac", "mov"])
def test_lossless_formats_keep_every_sample(tmp_path: Path, name: str) -> None:
    samples = speech(16_000, 2)
    path = encode(samples, 16_000, tmp_path / "a", name)
    resampler = av.AudioResampler("s16", "stereo", 16_000)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    decoded = np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in frames])
    assert np.array_equal(decoded, samples)


def test_a_rate_the_codec_cannot_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        encode(speech(44_100, 1), 44_100, tmp_path / "a.amr", "amr")


def test_faststart_puts_the_index_first(tmp_path: Path) -> None:
    samples = speech(16_000, 1)
    plain = encode(samples, 16_000, tmp_path / "plain.m4a", "m4a").read_bytes()
    fast = encode(samples, 16_000, tmp_path / "fast.m4a", "m4a_faststart").read_bytes()
    assert plain.index(b"moov") > plain.index(b"mdat")
    assert fast.index(b"moov") < fast.index(b"mdat")
