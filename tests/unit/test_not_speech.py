"""Tones, noise and music that the default detector takes for voice, and speech beside and over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from shared.domain.options import SegmentationOptions
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentFlag
from tests.support.media.call import Call, read_call
from tests.unit.preparations import prepared
from worker.adapters.webrtc_vad import WebRtcVoiceDetector
from worker.pipeline.ports import Floats, Samples
from worker.pipeline.segmenter import ChannelSegment, Segmenter
from worker.pipeline.sound_blocks import BLOCK

SECONDS = 14
"""Longer than a block."""
TIME = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
KEYS = ((697, 1209), (770, 1336), (852, 1477), (941, 1633), (697, 1477))


@pytest.fixture(scope="module")
def call() -> Call:
    return read_call(40)


def lines(*hertz: float) -> Floats:
    return np.asarray(sum(np.sin(2 * np.pi * each * TIME + each) for each in hertz) / len(hertz), np.float32)


def in_turn(sound: Floats, on_s: float, off_s: float) -> Floats:
    """The sound for some seconds, silence for some others, and so on, with edges of 5 ms."""
    on = np.asarray(TIME % (on_s + off_s) < on_s, np.float32)
    return sound * np.convolve(on, np.full(80, 1 / 80, np.float32), "same")


def keys(on_s: float, off_s: float) -> Floats:
    """A key of a telephone after the other."""
    number = (TIME // (on_s + off_s)).astype(int) % len(KEYS)
    return in_turn(np.choose(number, [lines(*key) for key in KEYS]), on_s, off_s)


def noise(slope: float) -> Floats:
    """Noise whose amplitude falls with the frequency to this power, above 50 Hz."""
    spectrum = np.fft.rfft(np.random.default_rng(7).normal(size=len(TIME)))
    hertz = np.fft.rfftfreq(len(TIME), 1 / SAMPLE_RATE)
    return np.asarray(np.fft.irfft(spectrum * np.maximum(hertz, 50) ** -slope), np.float32)


def at_level(sound: Floats, dbfs: float) -> Samples:
    loud = sound[np.abs(sound) > 1e-3 * np.abs(sound).max()]
    return np.asarray(sound / np.sqrt(np.mean(loud**2)) * 32_768 * 10 ** (dbfs / 20), np.int16)[:, None]


SOUNDS: Mapping[str, Callable[[], Floats]] = {
    "dial tone": lambda: lines(350, 440),
    "ringback": lambda: in_turn(lines(425), 1, 4),
    "busy": lambda: in_turn(lines(480, 620), 0.5, 0.5),
    "keys": lambda: keys(0.1, 0.1),
    "short keys": lambda: keys(0.07, 0.07),
    "howler": lambda: in_turn(lines(1_400, 2_060, 2_450, 2_600), 0.1, 0.1),
    "beep": lambda: in_turn(lines(1_000), 0.4, 4.6),
    "beep with harmonics": lambda: in_turn(lines(440, 880, 1_320), 0.12, 0.8),
    "hum": lambda: np.asarray(sum(lines(50.0 * k) / k for k in range(2, 20)), np.float32),
    "white noise": lambda: noise(0),
    "pink noise": lambda: noise(0.5),
}


@pytest.mark.parametrize("kind", SOUNDS)
@pytest.mark.parametrize("dbfs", [-30, -14])
def test_what_is_no_voice_is_left_out_and_counted(kind: str, dbfs: float) -> None:
    result = prepared(at_level(SOUNDS[kind](), dbfs))
    assert not result.clips
    assert result.speech_s < 0.2
    if dbfs > -20:  # of quieter noise the detector takes little for voice
        assert result.recording.not_speech >= SAMPLE_RATE


@pytest.mark.parametrize("kind", ["dial tone", "keys", "beep"])
def test_speech_after_a_tone_is_found_as_without_it(call: Call, kind: str) -> None:
    speech = call.sound[:, :1]
    pause = np.zeros((SAMPLE_RATE, 1), np.int16)
    tone = np.concatenate([at_level(SOUNDS[kind](), -20), pause])
    alone = prepared(np.concatenate([np.zeros_like(tone), speech]))
    after = prepared(np.concatenate([tone, speech]))
    np.testing.assert_allclose(after.spans, alone.spans, atol=SAMPLE_RATE // 50)


@pytest.mark.parametrize("kind", ["dial tone", "keys", "hum", "white noise"])
def test_speech_over_other_sound_stays(call: Call, kind: str) -> None:
    sound = at_level(SOUNDS[kind](), -36)
    speech = call.sound[: len(sound), :1]
    spoken = call.spoken[: len(sound), 0]
    result = prepared(sound + speech)
    assert result.share_found(spoken) > 0.99
    assert not any(SegmentFlag.NOT_SPEECH in clip.segment.flags for clip in result.clips)


def test_a_call_has_nothing_to_leave_out(call: Call) -> None:
    result = prepared(call.sound, channels="split")
    assert result.recording.not_speech == 0
    assert not any(SegmentFlag.NOT_SPEECH in clip.segment.flags for clip in result.clips)


def test_music_is_kept_with_a_flag() -> None:
    beat = TIME % 0.5
    number = (TIME // 0.5).astype(int) % 4
    roots = 220 * 2 ** (np.array([0, 9, 5, 7]) / 12)
    strings = [
        sum(np.sin(2 * np.pi * root * ratio * part * beat) / part for ratio in (1, 1.26, 1.498) for part in (1, 2, 3))
        for root in roots
    ]
    music = np.choose(number, strings) * np.exp(-4 * beat)
    result = prepared(at_level(np.asarray(music, np.float32), -20))
    assert result.clips
    assert all(SegmentFlag.NOT_SPEECH in clip.segment.flags for clip in result.clips)


def crackle(a_second: int) -> Floats:
    """Clicks of a millisecond, at random."""
    rng = np.random.default_rng(7)
    clicks = (rng.random(len(TIME)) < a_second / SAMPLE_RATE) * rng.normal(size=len(TIME))
    return np.convolve(clicks, np.exp(-np.arange(80) / 16), "same").astype(np.float32)


@pytest.mark.parametrize("a_second", [5, 50])
def test_crackle_is_kept_with_a_flag_and_speech_with_crackle_without(call: Call, a_second: int) -> None:
    sound = at_level(crackle(a_second), -20)
    result = prepared(sound)
    assert result.clips
    assert all(SegmentFlag.NOT_SPEECH in clip.segment.flags for clip in result.clips)
    spoken = call.spoken[: len(sound), 0]
    result = prepared((sound // 2 + call.sound[: len(sound), :1] // 8).astype(np.int16))
    assert result.share_found(spoken) > 0.99
    flagged = [clip.segment for clip in result.clips if SegmentFlag.NOT_SPEECH in clip.segment.flags]
    assert not any(spoken[segment.start : segment.end].any() for segment in flagged)


@pytest.mark.parametrize("before_ms", [40, 150, 500])
def test_a_tone_across_the_end_of_a_block_is_left_out_as_a_whole(before_ms: int) -> None:
    start = BLOCK - before_ms * SAMPLE_RATE // 1000
    tone = lines(440, 480)
    tone[:start] = 0
    tone[start + SAMPLE_RATE :] = 0
    assert not prepared(at_level(tone, -20)).clips


def test_what_is_left_out_does_not_depend_on_how_the_sound_is_divided(call: Call) -> None:
    sound = np.concatenate([at_level(keys(0.08, 0.12), -20), call.sound[:, :1]])[:, 0]

    def segments(size: int) -> list[tuple[int, int, int]]:
        segmenter = Segmenter(SegmentationOptions(), WebRtcVoiceDetector)
        found: list[ChannelSegment] = []
        for first in range(0, len(sound), size):
            found += segmenter.feed(sound[first : first + size])
        return [(segment.start, segment.end, segment.speech) for segment in [*found, *segmenter.finish()]]

    assert segments(4_801) == segments(len(sound))
