"""Cut one channel into segments while it streams by, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np

from shared.domain.options import SegmentationOptions
from worker.pipeline.cut_placement import Cut, place_cuts_at_turns
from worker.pipeline.not_speech import NotSpeechFinder
from worker.pipeline.ports import Floats, Samples, VoiceDetector
from worker.pipeline.sound_blocks import BLOCK, BLOCK_STEPS
from worker.pipeline.speech import (
    FLOOR_DB,
    HOP,
    STEP_MS,
    Levels,
    Mask,
    Run,
    SpeechGate,
    close_gaps,
    levels,
    mean_level,
    runs,
    whole_frames,
)
from worker.pipeline.voiceprints import Voiceprint, VoiceprintTracker

_MIN_STEPS = 30
"""Steps. A segment under 0.3 s is too short for the model."""
_MIN_SPEECH = 10
"""Steps. Less speech than this is a click, not a voice."""
_ALL_OWN: Floats = np.empty(0, np.float32)
_MOSTLY_OWN = 0.5
"""Share of a step's power."""


@dataclass(frozen=True, slots=True)
class ChannelSegment:
    """A segment of one channel: samples [start, end) of the recording, of which `speech` hold speech.

    In `foreign` of them, most of what is heard is the voice of another channel. `samples` [end - start] is its sound at
    16 kHz, `cut` the reason for its end. `voiceprint` is None where speakers are not told apart, and where there
    is too little speech for one.
    """

    start: int
    end: int
    speech: int
    foreign: int
    samples: Samples
    cut: Cut
    voiceprint: Voiceprint | None = None


@dataclass(frozen=True, slots=True)
class SpeechActivity:
    """The speech activity of a channel's next steps of 10 ms, before later sound may show its end to be a tone.

    `level` [steps] is in dBFS, `speech` [steps] is True for speech, and `threshold` is the level in dBFS that speech
    had to exceed.
    """

    level: Levels
    speech: Mask
    threshold: float


class Segmenter:
    """Cuts a channel that is fed from start to end; a segment is yielded as soon as no later sound can change it.

    Talk is cut at every pause over `max_silence_ms`; longer talk is cut by `place_cuts`. The segments do not depend on
    how the sound is divided into calls of `feed`. `on_activity` is called for every ten seconds. `speech` counts the
    samples of speech so far, `foreign` those in which most of what is heard is the voice of another channel,
    `not_speech` those of tones and noise that the detector took for voice, and that are left out. `runs` has the
    stretches of speech in the segments so far: start and end in samples, and the level in dBFS. With `voiceprints`,
    talk is cut where the voice changes too.
    """

    def __init__(
        self,
        options: SegmentationOptions,
        make_detector: Callable[[], VoiceDetector],
        on_activity: Callable[[SpeechActivity], None] = lambda activity: None,
        voiceprints: VoiceprintTracker | None = None,
    ) -> None:
        self._options = options
        self._voiceprints = voiceprints
        self._longest = options.max_ms // STEP_MS
        self._shortest_pause = options.min_silence_ms // STEP_MS
        self._longest_pause = options.max_silence_ms // STEP_MS
        self._margin = options.margin_ms // STEP_MS
        self._gate = SpeechGate(options)
        self._make_detector = make_detector
        self._detector = make_detector()
        self._detector_of_all: VoiceDetector | None = None  # of the sound with other channels' voices
        self._not_speech = NotSpeechFinder() if self._detector.takes_any_sound else None
        self._on_activity = on_activity
        self._unread: Samples = np.empty(0, np.int16)
        self._unread_own: Samples = self._unread
        self._unread_shares = _ALL_OWN
        # Sound, levels and speech are buffered from step `_base` of the recording on.
        self._base = 0
        self._sound: Samples = np.empty(0, np.int16)
        self._level = np.empty(0, np.float32)
        self._speech = np.empty(0, np.bool_)
        self._foreign = np.empty(0, np.bool_)
        self.speech = 0
        self.foreign = 0
        self.not_speech = 0
        self.runs: list[tuple[int, int, float]] = []

    @property
    def horizon(self) -> int:
        """The sample before which no further segment will start."""
        return self._base * HOP

    @property
    def takes_any_sound(self) -> bool:
        """Whether the detector takes tones, noise and music for voice too."""
        return self._detector.takes_any_sound

    def feed(
        self, samples: Samples, own_sound: Samples | None = None, own_shares: Floats = _ALL_OWN
    ) -> Iterator[ChannelSegment]:
        """Analyse the next samples [n], and yield the segments that are complete now.

        `own_sound` [n] is the part of them that is the channel's own (`worker.pipeline.crosstalk`), `own_shares`
        [n / HOP, rounded up] its share of the power of each step; by default all of it.
        """
        self._unread = np.concatenate([self._unread, samples])
        self._unread_own = np.concatenate([self._unread_own, samples if own_sound is None else own_sound])
        self._unread_shares = np.concatenate([self._unread_shares, own_shares])
        while len(self._unread) >= BLOCK:
            self._analyse(self._unread[:BLOCK], self._unread_own[:BLOCK])
            self._unread, self._unread_own = self._unread[BLOCK:], self._unread_own[BLOCK:]
            yield from self._segments(final=False)

    def finish(self) -> Iterator[ChannelSegment]:
        """Yield the last segments; call it once, after the channel has ended."""
        if self._unread.size:
            self._analyse(self._unread, self._unread_own)
            self._unread = self._unread_own = self._unread[:0]
        yield from self._segments(final=True)

    def _analyse(self, sound: Samples, own_sound: Samples) -> None:
        level = levels(whole_frames(sound, HOP))
        voiced = _voiced(self._detector, own_sound)
        voiced = voiced & ~self._leave_out(sound, voiced, level)
        shares = self._take_shares(len(level))
        own_level = level + 10 * np.log10(shares + np.float32(1e-12))
        speech = self._gate.speech(voiced & (shares > 0), own_level)
        self._on_activity(SpeechActivity(level, speech, self._gate.threshold))
        self._sound = np.concatenate([self._sound, sound])
        self._level = np.concatenate([self._level, level])
        self._speech = np.concatenate([self._speech, speech])
        foreign = (shares < _MOSTLY_OWN) & (level > FLOOR_DB)
        if foreign.any():
            self._detector_of_all = self._detector_of_all or self._make_detector()
            foreign &= _voiced(self._detector_of_all, sound)
        self.foreign += int(foreign.sum()) * HOP
        self._foreign = np.concatenate([self._foreign, foreign & (level > self._gate.threshold)])

    def _leave_out(self, sound: Samples, voiced: Mask, level: Levels) -> Mask:
        """Mark tones and noise in the next block, and take them back where they were speech at the end of the last one.

        Only speech whose segment is still open is taken back: no segment is cut within two seconds of the last sound.
        """
        if self._not_speech is None:
            return np.zeros_like(voiced)
        marks = self._not_speech.find(sound, voiced, level)
        marks, block = marks[: -len(voiced)], marks[-len(voiced) :]
        open_steps = min(len(marks), len(self._speech))
        end = self._speech[len(self._speech) - open_steps :]
        marks = marks[len(marks) - open_steps :]
        self.not_speech += HOP * int((end & marks).sum() + (voiced & block & (level > self._gate.threshold)).sum())
        end &= ~marks
        return block

    def _take_shares(self, steps: int) -> Floats:
        taken, self._unread_shares = self._unread_shares[:steps], self._unread_shares[steps:]
        missing = steps - len(taken)
        return np.pad(taken, (0, missing), constant_values=1) if missing else taken

    def _segments(self, *, final: bool) -> Iterator[ChannelSegment]:
        """Yield the complete segments of the buffer, and drop the steps before the first incomplete one."""
        buffered = len(self._speech)
        speech = close_gaps(runs(self._speech), self._shortest_pause)
        settled = 0
        for talk in close_gaps(speech, self._longest_pause + 1):
            open_end = not final and buffered - talk[1] <= self._longest_pause
            talk_speech = [run for run in speech if talk[0] <= run[0] < talk[1]]
            settled = max(settled, (yield from self._cut_talk(talk, talk_speech, open_end)))
            if open_end:
                break
        else:
            settled = max(settled, buffered - self._margin)
        steps = max(0, min(settled, buffered))
        self._base += steps
        self._sound = self._sound[steps * HOP :]
        self._level = self._level[steps:]
        self._speech = self._speech[steps:]
        self._foreign = self._foreign[steps:]

    def _cut_talk(self, talk: Run, speech: list[Run], open_end: bool) -> Generator[ChannelSegment, None, int]:
        """Yield the segments of one stretch of talk; return the step up to which it is cut for good."""
        start, end = max(0, talk[0] - self._margin), min(len(self._speech), talk[1] + self._margin)
        if open_end and end - start <= 2 * self._longest + BLOCK_STEPS:
            return start
        turns = (
            self._voiceprints.find_changes(speech, self._level, self._sound, self._base) if self._voiceprints else []
        )
        cuts = place_cuts_at_turns((start, end), turns, speech, self._level, self._options)
        if open_end:
            # The last cuts may still move when more of the talk has come.
            cuts = [cut for cut in cuts if cut.at <= end - self._longest]
        for cut in cuts:
            spoken = sum(max(0, min(last, cut.at) - max(first, start)) for first, last in speech) * HOP
            self.speech += spoken
            if cut.at - start >= _MIN_STEPS and spoken >= _MIN_SPEECH * HOP:
                sound = self._sound[start * HOP : cut.at * HOP]
                at = (self._base + start) * HOP
                foreign = int(self._foreign[start : cut.at].sum()) * HOP
                self._add_runs(speech, (start, cut.at), at + len(sound))
                voiceprint = (
                    self._voiceprints.voiceprint((start, cut.at), speech, self._sound, self._base)
                    if self._voiceprints
                    else None
                )
                spoken = min(spoken, len(sound))
                yield ChannelSegment(at, at + len(sound), spoken, foreign, sound, cut.cut, voiceprint)
            start = cut.at
        return start

    def _add_runs(self, speech: list[Run], segment: Run, end: int) -> None:
        """Add the runs of speech inside a segment, in steps of the buffer, that ends at the sample `end`."""
        for first, last in speech:
            first, last = max(first, segment[0]), min(last, segment[1])
            if first < last:
                stop = min((self._base + last) * HOP, end)
                self.runs.append(((self._base + first) * HOP, stop, round(mean_level(self._level[first:last]), 1)))


def _voiced(detector: VoiceDetector, sound: Samples) -> Mask:
    """Mark the steps of `sound` [n] that are voice: a step takes the decision of the frame around its middle."""
    frame = detector.frame
    voiced = detector.voiced(whole_frames(sound, frame))
    # The last step's middle may lie behind the sound.
    middles = np.minimum(np.arange(-(-len(sound) // HOP)) * HOP + HOP // 2, len(sound) - 1)
    steps: Mask = voiced[middles // frame]
    return steps
