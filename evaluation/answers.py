"""The answers to the single clips, as a table for other programs: `answers.csv`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluation.clip_scorer import ClipScores
from evaluation.clips import Clip
from evaluation.figures import GROUPS


@dataclass(frozen=True, slots=True)
class ClipAnswer:
    """A clip and its scores, or the reason why it has none."""

    clip: Clip
    scored: ClipScores = field(default_factory=ClipScores)


def answers_csv(answers: Sequence[ClipAnswer], labels: Sequence[str]) -> bytes:
    """Return a table with a row for each clip, in UTF-8 with a byte order mark, which Excel needs.

    `emotion` is the label of a person, `answered` that of the model; `score_<label>` has the model's score of a label.
    """
    buffer = io.StringIO(newline="")
    scores = [f"score_{label}" for label in labels]
    writer = csv.DictWriter(
        buffer, ["file", "emotion", "answered", "confidence", *scores, *GROUPS, "reason"], lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(answer_rows(answers))
    return buffer.getvalue().encode("utf-8-sig")


def answer_rows(answers: Sequence[ClipAnswer]) -> Iterator[dict[str, Any]]:
    """Yield the cells of each clip by column; those without a value are missing."""
    for answer in answers:
        clip, scores = answer.clip, answer.scored.scores or {}
        row: dict[str, Any] = {"file": clip.file, "emotion": clip.emotion, "reason": answer.scored.reason}
        row |= {name: clip.columns.get(name) for name in GROUPS}
        row |= {f"score_{label}": round(score, 6) for label, score in scores.items()}
        if scores:
            answered = max(scores, key=scores.__getitem__)
            row |= {"answered": answered, "confidence": round(scores[answered], 6)}
        yield row
