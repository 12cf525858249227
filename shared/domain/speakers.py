"""Speakers: the voices that were told apart in a channel."""

from __future__ import annotations

from dataclasses import dataclass

MOST_SPEAKERS = 20
"""Speakers that can be told apart in a recording."""


@dataclass(frozen=True, slots=True)
class SpeakerModel:
    """The encoder that told the voices apart: its id, the SHA-256 of its weights, and their licence."""

    id: str
    sha256: str
    licence: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """A speaker of a recording.

    `certainty` is the mean probability, by the distances of voiceprints, that a segment of this speaker is not one of
    another's. `name` is given by people, and so is `merged_into`, the number of the speaker who this one really is.
    """

    certainty: float
    name: str | None = None
    merged_into: int | None = None


def speaker_label(number: int) -> str:
    """Return the label of a speaker by the number: S1 for 0, who is the first to be heard."""
    return f"S{number + 1}"
