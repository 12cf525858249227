"""The curve of a recording: scores, valence and arousal over time."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shared.domain.recording import SAMPLE_RATE, to_ms
from shared.findings.affect import COORDINATES, SOURCE
from shared.findings.channel_segments import Integers, Reals
from shared.findings.curve import ChannelCurve, Curve
from shared.schemas.document import Document, RoleOf

_DECIMALS = 3

Values = list[float | None]
"""A value for each point; null where nobody speaks."""


class CoordinatesDocument(Document):
    valence: float = Field(examples=[-0.6175])
    arousal: float = Field(examples=[0.3])


class DerivationDocument(Document):
    """How valence and arousal come about."""

    derived: Literal[True] = True
    """They are not measured: they are expectations under the scores."""
    source: str = SOURCE
    """The publication of the ratings, moved here from 1..9 to -1..1."""
    coordinates: dict[str, CoordinatesDocument]
    left_out: list[str] = Field(examples=[["other", "unknown"]])
    """Labels without coordinates; the scores of the other labels are taken as if they were all."""


class ChannelCurveDocument(Document):
    """Parallel arrays, with an entry for each point."""

    channel: int = Field(examples=[0])
    role: str | None = Field(examples=["agent"])
    speech_ms: list[int] = Field(examples=[[2350, 0]])
    """Analysed speech in the window; 0 where no analysed segment meets the point's own step."""
    segments: Values = Field(examples=[[1.6, None]])
    """Effective number of segments in the window: one, where one has all of its speech."""
    scores: dict[str, Values] = Field(examples=[{"neutral": [0.531, None], "happy": [0.469, None]}])
    """Means weighted by speech. The standard error of a score p is the root of p * (1 - p) / segments."""
    valence: Values = Field(examples=[[0.473, None]])
    """-1 (unpleasant) to 1 (pleasant); derived."""
    valence_error: Values = Field(examples=[[0.292, None]])
    """Standard error of a mean of that many labels drawn from the scores. The model's own error is not in it."""
    arousal: Values = Field(examples=[[-0.083, None]])
    """-1 (calm) to 1 (excited); derived."""
    arousal_error: Values = Field(examples=[[0.257, None]])

    @classmethod
    def from_curve(cls, curve: ChannelCurve, labels: tuple[str, ...], role_of: RoleOf) -> Self:
        return cls(
            channel=curve.channel,
            role=role_of(curve.channel),
            speech_ms=milliseconds(curve.speech).tolist(),
            segments=to_values(curve.segments),
            scores={label: to_values(curve.scores[:, column]) for column, label in enumerate(labels)},
            valence=to_values(curve.affect[:, 0]),
            valence_error=to_values(curve.affect_errors[:, 0]),
            arousal=to_values(curve.affect[:, 1]),
            arousal_error=to_values(curve.affect_errors[:, 1]),
        )


class CurveDocument(Document):
    window_ms: int = Field(examples=[3000])
    """Each point is the mean over the window around it, weighted by speech."""
    step_ms: int = Field(examples=[1000])
    time_ms: list[int] = Field(examples=[[500, 1500]])
    """The middle of each point's window."""
    affect: DerivationDocument
    channels: list[ChannelCurveDocument]

    @classmethod
    def from_curve(cls, curve: Curve, role_of: RoleOf) -> Self:
        located = [label for label in curve.labels if label in COORDINATES]
        coordinates = {label: COORDINATES[label] for label in located}
        return cls(
            window_ms=to_ms(curve.grid.window),
            step_ms=to_ms(curve.grid.step),
            time_ms=milliseconds(curve.grid.times).tolist(),
            affect=DerivationDocument(
                coordinates={
                    label: CoordinatesDocument(valence=point.valence, arousal=point.arousal)
                    for label, point in coordinates.items()
                },
                left_out=[label for label in curve.labels if label not in COORDINATES],
            ),
            channels=[ChannelCurveDocument.from_curve(channel, curve.labels, role_of) for channel in curve.channels],
        )


def milliseconds(samples: Integers | Reals) -> NDArray[np.int64]:
    """Convert samples to whole milliseconds, rounded."""
    return np.rint(samples * (1000 / SAMPLE_RATE)).astype(np.int64)


def to_values(reals: Reals) -> Values:
    """Round, and write NaN as None."""
    return [None if value != value else value for value in reals.round(_DECIMALS).tolist()]
