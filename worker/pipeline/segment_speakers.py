"""The speakers of a whole recording, from the voiceprints of its segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from shared.domain.options import SpeakerOption, SpeakerRange
from shared.domain.speakers import Speaker
from worker.pipeline.speaker_clusters import (
    Grouping,
    certainties,
    group_voiceprints,
    groups_along_path,
    mean_turns,
    usual_cosine,
)
from worker.pipeline.voiceprints import Voiceprint

SEGMENTS = Grouping(core_s=3.0, threshold=0.635, far=0.15, least_s=6.0, least_share=0.03, change_cost=0.8)
"""How the segments of a recording are grouped at first, into turns of which several may be one speaker's."""
TURNS = Grouping(core_s=3.0, threshold=0.73, far=0.15, least_s=6.0, least_share=0.03, change_cost=0.05)
"""How these turns are grouped into speakers."""


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
    at_first = replace(SEGMENTS, least=limits.least)
    groups = group_voiceprints(prints, spoken, at_first, usual_cosine(prints, spoken, at_first))
    turns, turn_s = mean_turns(prints, spoken, groups.labels)
    at_last = replace(TURNS, least=limits.least, most=limits.most)
    centroids = group_voiceprints(turns, turn_s, at_last, usual_cosine(turns, turn_s, at_last)).centroids
    groups = groups_along_path(prints, spoken, centroids, at_last.change_cost)
    sure = certainties(prints, groups)
    nearest = np.searchsorted((known[1:] + known[:-1]) / 2, np.arange(len(voiceprints)))
    speakers = tuple(
        Speaker(round(float(np.average(sure[groups.labels == number], weights=spoken[groups.labels == number])), 3))
        for number in range(len(groups.centroids))
    )
    return SegmentSpeakers(speakers, tuple(groups.labels[nearest].tolist()))
