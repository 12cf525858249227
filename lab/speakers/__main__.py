"""Measure how well speakers are told apart: `python -m lab.speakers --data ../shared/data --out report`.

Variances were chosen on every second speaker of CREMA-D; the others are held back.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from lab.speakers.conversations import Conversation, Style, string_conversation
from lab.speakers.figures import ConversationFigures
from lab.speakers.oracle import OracleEncoder
from lab.speakers.runs import run_conversation
from lab.speakers.voices import Voices, read_voices, split_voices
from shared.domain.options import SpeakerOption
from shared.settings import Settings
from worker.pipeline.ports import SpeakerEncoder
from worker.pipeline_builder import build_encoder

MakeEncoder = Callable[[Conversation], SpeakerEncoder]


@dataclass(frozen=True, slots=True)
class Condition:
    """Conversations of one kind: how many of each number of speakers, and how they are recorded and analysed.

    `option` is the option of the job, None for the true number of speakers.
    """

    name: str
    voices: Voices
    speakers: tuple[int, ...]
    each: int
    seed: int
    option: SpeakerOption | None = "auto"
    oracle: bool = False
    seconds: float = 120.0
    telephone: bool = False
    noise_db: float | None = None

    def conversations(self) -> Iterator[Conversation]:
        """Yield the conversations."""
        for speakers in self.speakers:
            style = Style(speakers, self.seconds, telephone=self.telephone, noise_db=self.noise_db)
            for number in range(self.each):
                name = f"{self.name} {speakers}-{number}"
                yield string_conversation(name, self.voices, style, self.seed + 1000 * speakers + number)


def conditions(data: Path, each: int) -> list[Condition]:
    """Return the conditions of docs/explanation/speakers.md."""
    emodb = read_voices(data / "emodb")
    _, crema = split_voices(read_voices(data / "crema-d"))
    return [
        Condition("oracle", crema, (1, 2, 3, 4, 5, 6), each, 70_000, oracle=True, seconds=150),
        Condition("off", crema, (2, 4), each, 50_000, option="off", seconds=90),
        Condition("CREMA-D", crema, (1, 2, 3, 4, 5), each, 50_000, seconds=90),
        Condition("CREMA-D, number given", crema, (2, 4), each, 50_000, option=None, seconds=90),
        Condition("EmoDB", emodb, (1, 2, 3, 4, 5), each, 90_000),
        Condition("EmoDB, telephone", emodb, (1, 2, 4), each, 90_000, telephone=True),
        Condition("EmoDB, noise 10 dB", emodb, (1, 2, 4), each, 90_000, noise_db=10.0),
    ]


def measure_condition(condition: Condition, encoder: SpeakerEncoder) -> list[ConversationFigures]:
    """Measure the conversations of a condition."""
    figures: list[ConversationFigures] = []
    for conversation in condition.conversations():
        known = OracleEncoder(conversation, condition.seed) if condition.oracle else encoder
        number = len({span.speaker for span in conversation.spans})
        figures.append(run_conversation(conversation, known, condition.option or number))
    return figures


def write_rows(out: Path, figures: Mapping[str, list[ConversationFigures]]) -> None:
    """Write a line for each conversation."""
    with out.open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(["condition", *(field.name for field in fields(ConversationFigures))])
        writer.writerows([name, *asdict(row).values()] for name, rows in figures.items() for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how well speakers are told apart.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with emodb and crema-d")
    parser.add_argument("--each", type=int, default=8, help="conversations of each number of speakers")
    parser.add_argument("--out", type=Path, required=True, help="a .csv with a line for each conversation")
    arguments = parser.parse_args()
    encoder = build_encoder(Settings())
    measured: dict[str, list[ConversationFigures]] = {}
    for condition in conditions(arguments.data, arguments.each):
        began = time.process_time()
        rows = measured[condition.name] = measure_condition(condition, encoder)
        for number in condition.speakers:
            those = [row for row in rows if row.true_speakers == number]
            right, der, two = (
                np.mean([getattr(row, name) for row in those]) for name in ("right", "der_collar", "two")
            )
            counted = np.mean([row.speakers == number for row in those])
            print(f"{condition.name}, {number}: right {right:.3f}, number {counted:.2f}, DER {der:.3f}, two {two:.3f}")
        print(f"{time.process_time() - began:.0f} CPU s", flush=True)
        write_rows(arguments.out, measured)


if __name__ == "__main__":
    main()
