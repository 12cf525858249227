"""The speakers of a whole recording, from the voiceprints of its segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.domain.options import SpeakerOption, SpeakerRange
from shared.domain.speakers import Speaker
from worker.pipeline.speaker_clusters import VoiceModel, certainties, group_voiceprints
from worker.pipeline.voiceprints import Voiceprint

_VOICES = VoiceModel(between=0.52, within=0.2, noise=2.4, dimensions=20, centre=0.8, change_cost=0.5, alike=0.6)
"""The voices of a recording, in which emotions change one voice more than within a stretch of talk."""


@dataclass(frozen=True, slots=True)
class SegmentSpeakers:
    """The speakers of a recording, in order of their first segment, and the number of the speaker of each segment."""

    speakers: tuple[Speaker, ...]
    numbers: tuple[int, ...]


def tell_speakers_apart(voiceprints: Sequence[Voiceprint | None], option: SpeakerOption) -> SegmentSpeakers:
    """Find the speakers of segments with these voiceprints, in order of time.

    A segment without a voiceprint is its nearest neighbour's, of two the earlier one's.
    """
    known = np.array([place for place, voiceprint in enumerate(voiceprints) if voiceprint], np.intp)
    if not known.size:
        return SegmentSpeakers((Speaker(0.0),) if voiceprints else (), (0,) * len(voiceprints))
    prints = np.stack([voiceprint.vector for voiceprint in voiceprints if voiceprint])
    spoken = np.array([voiceprint.seconds for voiceprint in voiceprints if voiceprint], np.float32)
    limits = SpeakerRange.from_option(option)
    labels = group_voiceprints(prints, spoken, _VOICES, limits.least, limits.most)
    sure = certainties(prints, spoken, labels, _VOICES)
    nearest = np.searchsorted((known[1:] + known[:-1]) / 2, np.arange(len(voiceprints)))
    speakers = tuple(
        Speaker(round(float(np.average(sure[labels == number], weights=spoken[labels == number])), 3))
        for number in range(int(labels.max()) + 1)
    )
    return SegmentSpeakers(speakers, tuple(labels[nearest].tolist()))
