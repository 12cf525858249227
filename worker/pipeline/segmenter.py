"""Cuts one channel into segments while it streams by, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np

from shared.domain.options import SegmentationOptions
from worker.pipeline.cut_placement import Cut, place_cuts
from worker.pipeline.ports import Samples, VoiceDetector
from worker.pipeline.speech import HOP, STEP_MS, Levels, Mask, Run, SpeechGate, close_gaps, levels, runs

_BLOCK = 1008
"""Steps analysed at once: ten seconds, over which the gate adapts; whole frames of 30 ms (480 samples) and of 512."""
_LEAST = 30
"""Steps. The model makes nothing of a segment under 0.3 s."""
_CLICK = 10
"""Steps. Less speech than that is a click, not a voice."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment of one channel: samples [start, end) of the recording; `speech` of them hold speech.

    `cut` says why it ends there.
    """

    start: int
    end: int
    speech: int
    samples: Samples
    cut: Cut


@dataclass(frozen=True, slots=True)
class Heard:
    """What was made of the next steps of a channel: `level` [steps] in dBFS, which of them are `speech` [steps], and
    the level in dBFS that speech had to pass."""

    level: Levels
    speech: Mask
    threshold: float


class Segmenter:
    """Feed it a channel from start to end; it gives pieces as soon as no later sound can change them.

    Talk is cut at every pause over `max_silence_ms`, and where it goes on for longer, at the pauses that hurt least.
    What it gives does not depend on how the sound is divided over the calls. `on_heard` is told of every ten seconds.
    """

    def __init__(
        self,
        options: SegmentationOptions,
        detector: VoiceDetector,
        on_heard: Callable[[Heard], None] = lambda heard: None,
    ) -> None:
        self._options = options
        self._longest = options.max_ms // STEP_MS
        self._shortest_pause = options.min_silence_ms // STEP_MS
        self._longest_pause = options.max_silence_ms // STEP_MS
        self._margin = options.margin_ms // STEP_MS
        self._gate = SpeechGate(options)
        self._detector = detector
        self._on_heard = on_heard
        self._unread: Samples = np.empty(0, np.int16)
        # What is kept begins at step `_base` of the recording: its sound, levels and speech.
        self._base = 0
        self._sound: Samples = np.empty(0, np.int16)
        self._level = np.empty(0, np.float32)
        self._speech = np.empty(0, np.bool_)
        self.speech = 0

    @property
    def horizon(self) -> int:
        """Sample before which no further piece will start."""
        return self._base * HOP

    def feed(self, samples: Samples) -> Iterator[Piece]:
        """Takes the next samples [n]."""
        self._unread = np.concatenate([self._unread, samples])
        block = _BLOCK * HOP
        while len(self._unread) >= block:
            self._analyse(self._unread[:block])
            self._unread = self._unread[block:]
            yield from self._pieces(final=False)

    def finish(self) -> Iterator[Piece]:
        """Call it when the channel has ended: the last pieces."""
        if self._unread.size:
            self._analyse(self._unread)
            self._unread = self._unread[:0]
        yield from self._pieces(final=True)

    def _analyse(self, sound: Samples) -> None:
        frame = self._detector.frame
        voiced = self._detector.voiced(np.pad(sound, (0, -len(sound) % frame)))
        level = levels(np.pad(sound, (0, -len(sound) % HOP)))
        # A step is what the frame around its middle is; that of the last step may lie after the end of the sound.
        middles = np.minimum(np.arange(len(level)) * HOP + HOP // 2, len(sound) - 1)
        speech = self._gate.speech(voiced[middles // frame], level)
        self._on_heard(Heard(level, speech, self._gate.threshold))
        self._sound = np.concatenate([self._sound, sound])
        self._level = np.concatenate([self._level, level])
        self._speech = np.concatenate([self._speech, speech])

    def _pieces(self, *, final: bool) -> Iterator[Piece]:
        known = len(self._speech)
        speech = close_gaps(runs(self._speech), self._shortest_pause)
        settled = 0
        for talk in close_gaps(speech, self._longest_pause + 1):
            open_end = not final and known - talk[1] <= self._longest_pause
            done = yield from self._talk(talk, [run for run in speech if talk[0] <= run[0] < talk[1]], open_end)
            settled = max(settled, done)
            if open_end:
                break
        else:
            settled = max(settled, known - self._margin)
        self._forget(settled)

    def _talk(self, talk: Run, speech: list[Run], open_end: bool) -> Generator[Piece, None, int]:
        """Pieces of one stretch of talk; returns the step up to which it is settled."""
        start, end = max(0, talk[0] - self._margin), min(len(self._speech), talk[1] + self._margin)
        if open_end and end - start <= 2 * self._longest + _BLOCK:
            return start
        places = place_cuts((start, end), speech, self._level, self._options)
        if open_end:
            # The last pieces may still be cut better once it is known how the talk goes on.
            places = [place for place in places if place.at <= end - self._longest]
        for place in places:
            yield from self._piece((start, place.at), speech, place.cut)
            start = place.at
        return start

    def _piece(self, span: Run, speech: list[Run], cut: Cut) -> Iterator[Piece]:
        spoken = sum(max(0, min(end, span[1]) - max(start, span[0])) for start, end in speech) * HOP
        self.speech += spoken
        if span[1] - span[0] >= _LEAST and spoken >= _CLICK * HOP:
            sound = self._sound[span[0] * HOP : span[1] * HOP]
            start = (self._base + span[0]) * HOP
            yield Piece(start, start + len(sound), min(spoken, len(sound)), sound, cut)

    def _forget(self, steps: int) -> None:
        steps = max(0, min(steps, len(self._speech)))
        self._base += steps
        self._sound = self._sound[steps * HOP :].copy()
        self._level = self._level[steps:].copy()
        self._speech = self._speech[steps:].copy()
