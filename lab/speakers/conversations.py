"""Conversations in one channel, strung from clips of single speakers: turns, gaps, overlaps, backchannels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from shared.domain.recording import SAMPLE_RATE

Sound = NDArray[np.floating]

_CLIPS_IN_A_TURN = (1, 5)
"""From and up to but not."""
_PAUSE_S = (0.1, 0.6)
"""Between the clips of a turn."""
_GAP_S = (0.35, 0.35)
"""Mean and deviation of the gap between turns; a negative one is an overlap, of one change of turns in six."""
_MOST_OVERLAP_S = 1.0
_BACKCHANNEL_S = (0.35, 0.8)
_LEVEL_DB = 4.0
"""Deviation of the speakers' levels."""
_EDGE = 0.02
"""Share of a clip's peak over which there is speech: a clip is cut to it."""
_TELEPHONE_HZ = (300, 3400)


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A clip of one speaker: samples [n] at 16 kHz, -1 to 1, and its emotion."""

    samples: Sound
    emotion: str


@dataclass(frozen=True, slots=True)
class Style:
    """The kind of a conversation: `speakers` and seconds of sound at most.

    `backchannels` is how many come in a minute of talk. `noise_db` is the level of white noise under the speech, None
    without noise; `telephone` limits the band to that of a telephone.
    """

    speakers: int
    seconds: float = 180.0
    backchannels: float = 3.0
    noise_db: float | None = None
    telephone: bool = False


@dataclass(frozen=True, slots=True, order=True)
class SpokenSpan:
    """A stretch [start, end) of the speech of one speaker, in samples."""

    start: int
    end: int
    speaker: str
    emotion: str
    backchannel: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation: samples [n] at 16 kHz, int16, and the true spans in order of their start."""

    name: str
    samples: NDArray[np.int16]
    spans: Sequence[SpokenSpan]


def string_conversation(
    name: str, voices: Mapping[str, Sequence[LabelledClip]], style: Style, seed: int
) -> Conversation:
    """String a conversation of `style.speakers` of the voices, drawn by chance; no clip is used twice."""
    random = np.random.default_rng(seed)
    speakers = [str(speaker) for speaker in random.choice(sorted(voices), style.speakers, replace=False)]
    unused = {speaker: list(random.permutation(len(voices[speaker]))) for speaker in speakers}
    gains = {speaker: 10 ** (random.normal(0, _LEVEL_DB) / 20) for speaker in speakers}
    mix = np.zeros(int(style.seconds * SAMPLE_RATE))
    spans: list[SpokenSpan] = []

    def speak(speaker: str, at: int, *, seconds: float | None = None) -> int | None:
        """Add the next clip of a speaker from a sample on, and return its end, None where there is no room."""
        clip = voices[speaker][unused[speaker].pop()]
        samples = _trimmed(clip.samples)[: None if seconds is None else int(seconds * SAMPLE_RATE)]
        if at + len(samples) > len(mix):
            return None
        mix[at : at + len(samples)] += samples * gains[speaker] * 0.05 / np.sqrt(np.mean(samples**2))
        spans.append(SpokenSpan(at, at + len(samples), speaker, clip.emotion, seconds is not None))
        return at + len(samples)

    at, before, running = SAMPLE_RATE // 2, "", True
    while running:
        others = [each for each in speakers if (each != before or style.speakers == 1) and unused[each]]
        if not others:
            break
        speaker = str(random.choice(others))
        turn_start = at
        for number in range(min(int(random.integers(*_CLIPS_IN_A_TURN)), len(unused[speaker]))):
            begin = at + (int(random.uniform(*_PAUSE_S) * SAMPLE_RATE) if number else 0)
            end = speak(speaker, begin)
            if end is None:
                running = False
                break
            at = end
        listeners = [each for each in speakers if each != speaker and unused[each]]
        if listeners and random.random() < style.backchannels * (at - turn_start) / SAMPLE_RATE / 60:
            place = int(random.uniform(turn_start, max(turn_start + 1, at - SAMPLE_RATE)))
            speak(str(random.choice(listeners)), place, seconds=float(random.uniform(*_BACKCHANNEL_S)))
        gap = random.normal(*_GAP_S) if style.speakers > 1 else random.uniform(*_PAUSE_S)
        at = max(turn_start, at + int(max(gap, -_MOST_OVERLAP_S) * SAMPLE_RATE))
        before = speaker
    end = max((span.end for span in spans), default=0)
    return Conversation(name, _recorded(mix[: end + SAMPLE_RATE // 2], style, random), sorted(spans))


def _trimmed(samples: Sound) -> Sound:
    loud = np.flatnonzero(np.abs(samples) > _EDGE * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1]


def _recorded(mix: Sound, style: Style, random: np.random.Generator) -> NDArray[np.int16]:
    """Return the mix as it would be recorded: through a telephone, in noise, and always with a little of it."""
    speech = np.sqrt(np.mean(mix[np.abs(mix) > 0.001] ** 2))
    if style.telephone:
        mix = sosfilt(butter(4, _TELEPHONE_HZ, "bandpass", fs=SAMPLE_RATE, output="sos"), mix)
    level = 65.0 if style.noise_db is None else style.noise_db
    reference = 1.0 if style.noise_db is None else speech
    mix = mix + random.normal(0, reference * 10 ** (-level / 20), len(mix))
    return np.clip(mix * 32768, -32768, 32767).astype(np.int16)
