"""`python -m lab.training.long_recordings`: a long recording out of labelled clips, with its true timeline."""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE, to_ms

RUN = (1, 5)
"""Clips of one emotion in a row, from and up to but not: emotions last longer than a sentence."""
PAUSE_S = (0.3, 1.5)
SPEECH = 0.02
"""Share of a clip's peak over which there is speech: labels hold from the first to the last such sample."""

Span = tuple[int, int, str]
"""The start and end of a label in ms, and its emotion."""


def ordered(emotions: list[str], random: np.random.Generator) -> Iterator[int]:
    """Yield the numbers of clips in runs of one emotion, which is drawn by the number of its clips that are unused."""
    unused = {
        emotion: list(random.permutation(np.flatnonzero(np.array(emotions) == emotion))) for emotion in set(emotions)
    }
    before = ""
    while any(unused.values()):
        names = sorted(name for name, numbers in unused.items() if numbers and name != before) or [before]
        counts = np.array([len(unused[name]) for name in names])
        before = str(random.choice(names, p=counts / counts.sum()))
        for _ in range(min(len(unused[before]), int(random.integers(*RUN)))):
            yield int(unused[before].pop())


def string_together(clips: list[tuple[NDArray[np.float64], str]], seed: int) -> tuple[NDArray[np.float64], list[Span]]:
    """Return the sound of clips (samples at 16 kHz, emotion) with pauses between, and the labels of their speech."""
    random = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    spans: list[Span] = []
    length = 0
    for number in ordered([emotion for _, emotion in clips], random):
        samples, emotion = clips[number]
        loud = np.flatnonzero(np.abs(samples) > SPEECH * np.abs(samples).max())
        spans.append((to_ms(length + int(loud[0])), to_ms(length + int(loud[-1])), emotion))
        parts += [samples, np.zeros(int(random.uniform(*PAUSE_S) * SAMPLE_RATE))]
        length += len(parts[-2]) + len(parts[-1])
    return np.concatenate(parts), spans


def main() -> None:
    parser = argparse.ArgumentParser(description="String labelled clips together, speaker after speaker.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/crema-d"), help="clips with labels.csv")
    parser.add_argument("--column", default="voice_vote", help="column of the emotion; clips with several are left out")
    parser.add_argument("--output", type=Path, required=True, help="a .flac; its labels lie beside it as .csv")
    arguments = parser.parse_args()
    with (arguments.data / "labels.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row[arguments.column].isalpha()]
    parts: list[NDArray[np.float64]] = []
    spans: list[Span] = []
    for seed, speaker in enumerate(sorted({row["speaker"] for row in rows})):
        clips = [
            (soundfile.read(arguments.data / row["file"])[0], row[arguments.column])
            for row in rows
            if row["speaker"] == speaker
        ]
        clips = [(samples, emotion) for samples, emotion in clips if samples.any()]  # one clip is all zeros
        shift = to_ms(sum(map(len, parts)))
        sound, labels = string_together(clips, seed)
        parts.append(sound)
        spans += [(start + shift, end + shift, emotion) for start, end, emotion in labels]
    soundfile.write(arguments.output, np.concatenate(parts), SAMPLE_RATE)
    with arguments.output.with_suffix(".csv").open("w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows([("start_ms", "end_ms", "emotion"), *spans])
    print(f"{arguments.output}: {sum(map(len, parts)) / SAMPLE_RATE / 60:.0f} minutes, {len(spans)} labels")


if __name__ == "__main__":
    main()
