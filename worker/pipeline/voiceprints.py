"""Voiceprints of a channel's speech while it streams by, and the places at which the voice changes.

Speech is looked at in windows that lie within one run of it: a pause, in which most changes lie, is in none.
docs/explanation/speakers.md has the figures by which the constants were chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from worker.pipeline.ports import Floats, Samples, SpeakerEncoder
from worker.pipeline.speaker_clusters import VoiceModel, group_voiceprints
from worker.pipeline.speech import HOP, STEP_MS, Levels, Run

_STEPS_PER_S = 1000 // STEP_MS
_WINDOW = 150
"""Steps, 1.5 s: with less a voice is hard to tell, with more a change is."""
_WINDOW_HOP = 100
"""Steps. Without overlap there is a third less work, and less of the speech has the right speaker."""
_LONGEST_WHOLE = 200
"""Steps. A run up to this length is one window."""
_SHORTEST = 40
"""Steps. A shorter run tells no voice."""
_ROUNDED = 10
"""Steps to which lengths of windows are rounded down, so that many are of one length and computed together."""
_SEARCH = 40
"""Steps around the middle between two windows in which the quietest is taken for the change of voice."""

_VOICES = VoiceModel(between=0.6, within=0.05, noise=0.5, dimensions=20, centre=0.0, change_cost=0.5)
"""The voices in a stretch of talk. It is cut too often rather than too seldom: one speaker's parts are joined later."""


@dataclass(frozen=True, slots=True, eq=False)
class Voiceprint:
    """The mean voiceprint of a segment: a `vector` [dim] of unit length, from windows of `seconds` together.

    Windows of a long run of speech overlap, so the seconds are some more than those of the speech.
    """

    vector: Floats
    seconds: float


class VoiceprintTracker:
    """Computes the voiceprints of a channel's windows, each once, and keeps them until their segments are cut."""

    def __init__(self, encoder: SpeakerEncoder) -> None:
        self._encoder = encoder
        self._prints: dict[Run, Floats] = {}

    def find_changes(self, speech: Sequence[Run], level: Levels, sound: Samples, base: int) -> list[int]:
        """Return the steps at which the voice changes in a stretch of talk, in a pause or at the quietest step near.

        `speech` lists its runs of speech, `level` [steps] is in dBFS and `sound` [steps * HOP] the samples; all count
        from the step `base` of the recording.
        """
        windows = [window for run in speech for window in windows_within(run)]
        places = [(base + start, base + end) for start, end in windows]
        # Windows of earlier talk, and of an earlier look at this talk, whose end was not known then, are not needed.
        self._prints = {place: self._prints[place] for place in places if place in self._prints}
        if len(windows) < 2:
            return []
        prints = self._compute(places, sound, base)
        labels = group_voiceprints(prints, window_seconds(windows), _VOICES)
        changes: list[int] = []
        for place in np.flatnonzero(np.diff(labels)):
            changes.append(place_change(windows[place], windows[place + 1], speech, level))
        return changes

    def voiceprint(self, segment: Run, speech: Sequence[Run], sound: Samples, base: int) -> Voiceprint | None:
        """Return the mean voiceprint of a segment, weighted by time; None if none of its runs of speech is long enough.

        The windows of its talk whose middle lies in it are taken, or where there are none, new ones.
        """
        start, end = base + segment[0], base + segment[1]
        windows = [(first, last) for first, last in self._prints if start <= (first + last) // 2 < end]
        if not windows:
            inside = [(max(first, segment[0]), min(last, segment[1])) for first, last in speech]
            windows = [(base + first, base + last) for run in inside for first, last in windows_within(run)]
        if not windows:
            return None
        seconds = window_seconds(windows)
        mean: Floats = seconds @ self._compute(windows, sound, base)
        return Voiceprint(mean / np.float32(np.linalg.norm(mean)), float(seconds.sum()))

    def _compute(self, places: Sequence[Run], sound: Samples, base: int) -> Floats:
        """Return the voiceprints of windows of the recording, [places, dim]; `sound` begins at the step `base`."""
        missing = [place for place in places if place not in self._prints]
        if missing:
            sounds = [sound[(start - base) * HOP : (end - base) * HOP] for start, end in missing]
            self._prints.update(zip(missing, self._encoder.embed(sounds), strict=True))
        return np.stack([self._prints[place] for place in places])


def windows_within(run: Run) -> Iterator[Run]:
    """Yield the windows of a run of speech: the run itself if it is short, none if it is too short."""
    start, end = run
    length = end - start
    if length < _SHORTEST:
        return
    if length <= _LONGEST_WHOLE:
        rounded = length // _ROUNDED * _ROUNDED
        first = start + (length - rounded) // 2
        yield first, first + rounded
        return
    count = 1 + -(-(length - _WINDOW) // _WINDOW_HOP)
    for first in np.linspace(start, end - _WINDOW, count).round().astype(int).tolist():
        yield first, first + _WINDOW


def window_seconds(windows: Sequence[Run]) -> Floats:
    """Return the lengths of windows in seconds, [windows]."""
    return np.array([end - start for start, end in windows], np.float32) / np.float32(_STEPS_PER_S)


def place_change(before: Run, after: Run, speech: Sequence[Run], level: Levels) -> int:
    """Return the step of a change between two windows: the middle of the longest pause between their middles, else the
    quietest step near the middle."""
    first, last = sum(before) // 2, sum(after) // 2
    pauses = [(left[1], right[0]) for left, right in pairwise(speech) if first <= left[1] and right[0] <= last]
    if pauses:
        start, end = max(pauses, key=lambda pause: pause[1] - pause[0])
        return (start + end) // 2
    middle = (first + last) // 2
    near = max(first, middle - _SEARCH)
    return near + int(np.argmin(level[near : min(last, middle + _SEARCH)]))
