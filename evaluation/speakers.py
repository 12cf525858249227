"""The speakers of a recording, compared with a file of RTTM: diarization error rates, share of right speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from evaluation import label_tables
from evaluation.errors import NotEvaluable
from evaluation.listener_labels import LabelledSpan

_STEPS_PER_S = 100
_COLLAR_S = 0.5
"""pyannote's collar is of both sides together: a quarter of a second before and after each boundary, as NIST has it."""
_FIELDS = 8
"""Fields of a line of RTTM up to the name."""


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """A stretch [start_s, end_s) of the speech of one speaker, in seconds."""

    start_s: float
    end_s: float
    speaker: str


@dataclass(frozen=True, slots=True)
class SpeakerFigures:
    """The figures of the speakers of a recording.

    `der` and `jer` are pyannote.metrics' diarization and Jaccard error rates over the whole recording, `der_collar` the
    first without overlaps and without a quarter of a second around each true boundary. `right` is the share of the true
    speech of one speaker at a time that has the right speaker; missed speech counts as wrong. `found_right` is the
    same, of the speech that was found.
    """

    der: float
    der_collar: float
    jer: float
    right: float
    found_right: float
    true_speakers: int
    speakers: int


def read_rttm(path: Path, recording: str) -> list[SpeakerTurn]:
    """Read the turns of a recording, by the file's name without ending; of a file with one recording its name is free.

    Raises NotEvaluable, also where pyannote.metrics is missing, which would be found after all of the analysis.
    """
    try:
        import pyannote.metrics  # noqa: F401
    except ImportError:
        raise NotEvaluable("Figures of speakers need pyannote.metrics: `pip install pyannote-metrics`.") from None
    lines = [line.split() for line in label_tables.read_text(path).splitlines() if line.startswith("SPEAKER ")]
    names = {fields[1] for fields in lines}
    if len(names) > 1:
        lines = [fields for fields in lines if fields[1] == recording]
    try:
        turns = [
            SpeakerTurn(float(fields[3]), float(fields[3]) + float(fields[4]), fields[_FIELDS - 1]) for fields in lines
        ]
    except (ValueError, IndexError):
        raise NotEvaluable(
            f"{path} is no file of RTTM: each line must be SPEAKER, file, channel, start and duration in seconds, "
            "<NA>, <NA> and the name of a speaker, with spaces between."
        ) from None
    if not turns:
        raise NotEvaluable(
            f"{path} has no line SPEAKER of {recording}; it has: {', '.join(sorted(names)) or 'nothing'}."
        )
    return turns


def measure_speakers(true: Sequence[SpeakerTurn], answered: Sequence[SpeakerTurn], duration_s: float) -> SpeakerFigures:
    """Measure answered turns, of which no two overlap, against the true ones."""
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

    def annotation(turns: Sequence[SpeakerTurn]) -> Annotation:
        annotated = Annotation()
        for place, turn in enumerate(turns):
            annotated[Segment(turn.start_s, turn.end_s), place] = turn.speaker
        return annotated

    truth, answer = annotation(true), annotation(answered)

    def rate(metric: Any) -> float:
        return float(metric(truth, answer, uem=Timeline([Segment(0, duration_s)])))

    active, said = activity(true, duration_s), activity(answered, duration_s)
    alone = active.sum(axis=1) == 1
    table = active[alone].T.astype(np.int64) @ said[alone].astype(np.int64)
    matched = table[linear_sum_assignment(-table)].sum()
    return SpeakerFigures(
        der=rate(DiarizationErrorRate()),
        der_collar=rate(DiarizationErrorRate(collar=_COLLAR_S, skip_overlap=True)),
        jer=rate(JaccardErrorRate()),  # type: ignore[no-untyped-call]
        right=float(matched / max(1, alone.sum())),
        found_right=float(matched / max(1, table.sum())),
        true_speakers=active.shape[1],
        speakers=said.shape[1],
    )


def speaker_of(span: LabelledSpan, turns: Sequence[SpeakerTurn]) -> str:
    """Return who speaks most of a labelled span; an empty name if nobody does."""
    times: dict[str, float] = {}
    for turn in turns:
        shared = min(turn.end_s, span.end_ms / 1000) - max(turn.start_s, span.start_ms / 1000)
        if shared > 0:
            times[turn.speaker] = times.get(turn.speaker, 0.0) + shared
    return max(times, key=times.__getitem__, default="")


def activity(turns: Sequence[SpeakerTurn], duration_s: float) -> np.ndarray:
    """Return for each 10 ms who speaks, [steps, speakers]."""
    names = sorted({turn.speaker for turn in turns})
    active = np.zeros((int(duration_s * _STEPS_PER_S) + 1, len(names)), np.bool_)
    for turn in turns:
        steps = slice(round(turn.start_s * _STEPS_PER_S), round(turn.end_s * _STEPS_PER_S))
        active[steps, names.index(turn.speaker)] = True
    return active
