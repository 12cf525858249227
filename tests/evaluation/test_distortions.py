"""Each condition is measured against its claim."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from evaluation.audio_files import read_audio, write_audio
from evaluation.distortions import (
    CONDITIONS,
    REVERBERATION_S,
    Condition,
    Samples,
    babble,
    gain,
    resampled,
    reverberation,
    telephone,
    trimmed,
    white_noise,
)
from shared.domain.recording import SAMPLE_RATE
from shared.settings import Settings
from tests.support.media.speech import speech_like
from worker.pipeline_builder import build_decoder

Noise = Callable[..., Samples]
RNG_SEED = 1
NAMED = {condition.name: condition for condition in CONDITIONS}


@pytest.fixture
def speech() -> Samples:
    """Three seconds, at most 0.1 of full scale: room for noise of the same power."""
    return speech_like(3, seed=4, peak=0.1).samples / 32_767


def tone(hz: float) -> Samples:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(SAMPLE_RATE) / SAMPLE_RATE)


def decibels(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples**2)))


def rng() -> np.random.Generator:
    return np.random.default_rng(RNG_SEED)


@pytest.mark.parametrize("noise", [white_noise, babble])
@pytest.mark.parametrize("snr_db", [20, 10, 0])
def test_noise_is_as_far_below_the_speech_as_it_says(speech: Samples, noise: Noise, snr_db: float) -> None:
    added = noise(speech, rng(), snr_db=snr_db) - speech
    assert decibels(speech) - decibels(added) == pytest.approx(snr_db, abs=0.01)


def test_noise_over_full_scale_makes_both_quieter_at_the_same_ratio(speech: Samples) -> None:
    loud = speech * 9.9
    noisy = white_noise(loud, rng(), snr_db=0)
    assert np.abs(noisy).max() == pytest.approx(1)
    share = float(noisy @ loud) / float(loud @ loud)  # of the speech that remains
    assert decibels(share * loud) - decibels(noisy - share * loud) == pytest.approx(0, abs=0.5)


def test_white_noise_is_as_loud_in_each_part_of_the_band_and_babble_is_not(speech: Samples) -> None:
    def parts(samples: Samples) -> list[float]:
        power = np.abs(np.fft.rfft(samples)) ** 2
        return [10 * np.log10(part.mean()) for part in np.array_split(power, 4)]

    white, babbling = (parts(noise(speech, rng(), snr_db=0) - speech) for noise in (white_noise, babble))
    assert max(white) - min(white) < 1
    assert babbling[0] - babbling[-1] > 10


@pytest.mark.parametrize(
    ("hz", "min_db", "max_db"), [(100, -200, -20), (1000, -0.5, 0.5), (3000, -1, 1), (3900, -200, -6)]
)
def test_a_telephone_has_its_band_alone(hz: float, min_db: float, max_db: float) -> None:
    distorted = telephone(tone(hz), rng())
    assert len(distorted) == 8_000
    assert min_db < decibels(distorted[1_000:-1_000]) - decibels(tone(hz)) < max_db


def test_resampling_keeps_length_and_pitch() -> None:
    distorted = resampled(tone(1000), rng())
    assert len(distorted) == 44_100
    assert np.abs(np.fft.rfft(distorted)).argmax() == 1000


@pytest.mark.parametrize("db", [12, -12])
def test_gain_is_as_large_as_it_says(speech: Samples, db: float) -> None:
    assert decibels(gain(speech, rng(), db=db)) - decibels(speech) == pytest.approx(db)


def test_reverberation_has_fallen_by_60_db_after_its_time() -> None:
    click = np.zeros(2 * SAMPLE_RATE)
    click[0] = 0.1
    tail = reverberation(click, rng())[1:]
    assert decibels(tail) + 10 * np.log10(len(tail)) == pytest.approx(-20, abs=0.1)  # in all as loud as the click
    tenth = SAMPLE_RATE // 10
    fall = decibels(tail[:tenth]) - decibels(tail[2 * tenth : 3 * tenth])
    assert fall == pytest.approx(60 * 0.2 / REVERBERATION_S, abs=1.5)


def test_trimming_takes_the_middle_second(speech: Samples) -> None:
    assert np.array_equal(trimmed(speech, rng()), speech[SAMPLE_RATE : 2 * SAMPLE_RATE])
    assert np.array_equal(trimmed(speech[:100], rng()), speech[:100])


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_each_condition_is_a_file_that_the_decoder_reads(speech: Samples, tmp_path: Path, condition: Condition) -> None:
    file = write_audio(condition.change(speech, rng()), condition, tmp_path)
    seconds = len(read_audio(file, build_decoder(Settings()))) / SAMPLE_RATE
    assert seconds == pytest.approx(1 if condition.name == "middle second" else 3, abs=0.6)
    if condition.codec == "wav":
        assert soundfile.info(file).samplerate == condition.rate


@pytest.mark.parametrize("name", ["MP3, 16 kb/s", "Opus, 12 kb/s"])
def test_codecs_have_their_name_and_bit_rate(speech: Samples, tmp_path: Path, name: str) -> None:
    condition = NAMED[name]
    long = np.tile(speech, 5)
    file = write_audio(long, condition, tmp_path)
    with av.open(str(file)) as container:
        assert container.streams.audio[0].codec_context.name.startswith(condition.codec)
    bits_per_s = 8 * file.stat().st_size / (len(long) / SAMPLE_RATE)
    assert condition.bit_rate
    assert bits_per_s == pytest.approx(condition.bit_rate, rel=0.35)


def test_samples_beyond_full_scale_are_clipped(tmp_path: Path) -> None:
    file = write_audio(4 * tone(100), Condition("loud", trimmed), tmp_path)
    samples, _ = soundfile.read(file, dtype="int16")
    assert (samples.min(), samples.max()) == (-32_767, 32_767)
    assert np.mean(np.abs(samples) == 32_767) > 0.5
