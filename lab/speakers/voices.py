"""Clips by speaker, and which speakers may choose thresholds and which are held back."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import soundfile

from lab.speakers.conversations import LabelledClip

Voices = dict[str, list[LabelledClip]]


def read_voices(folder: Path) -> Voices:
    """Read the clips of a folder with `labels.csv` by their speaker, without silent ones."""
    voices: defaultdict[str, list[LabelledClip]] = defaultdict(list)
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            samples, _ = soundfile.read(folder / row["file"], dtype="float32")
            if samples.any():
                voices[row["speaker"]].append(LabelledClip(samples, row["emotion"]))
    return dict(voices)


def split_voices(voices: Voices) -> tuple[Voices, Voices]:
    """Return every second speaker, by whom thresholds are chosen, and the others, who are held back."""
    names = sorted(voices)
    return {name: voices[name] for name in names[::2]}, {name: voices[name] for name in names[1::2]}
