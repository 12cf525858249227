"""Some 600 odd and broken files, with the ends that a job on each may come to.

`python -m tests.support.media.broken DIR` writes them all, and `manifest.json`; tests iterate over `broken_files`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.media import (
    bombs,
    containers,
    damaged,
    floods,
    foreign,
    lies,
    names,
    playlists,
    references,
    signals,
    wav_headers,
)
from tests.support.media.case import Case, Outcome
from tests.support.media.encode import encode
from tests.support.media.playlists import Canary
from tests.support.media.speech import speech_like

CANARY_SEED = 99
CANARY_S = 5.0


@dataclass(frozen=True)
class BrokenFile:
    path: Path
    """The file's path, with a harmless name."""
    name: str
    """The name to upload it under; hostile for the kind "name"."""
    kind: str
    acceptable: frozenset[Outcome]


def place_canary(directory: Path) -> Canary:
    """Write the recording that no upload may reach: 5 s of speech in `directory/canary.wav` and `canary.ts`.

    It lies beside the files, as a list that names it without a path is followed by FFmpeg's own defaults.
    """
    directory.mkdir(parents=True, exist_ok=True)
    canary = Canary(directory.resolve() / "canary.wav")
    samples = speech_like(CANARY_S, seed=CANARY_SEED, pauses=()).samples
    encode(samples, 16_000, canary.path, "wav")
    encode(samples, 16_000, canary.stream, "mpegts")
    return canary


def cases(canary: Canary) -> Iterator[Case]:
    """All files, not yet made, in a fixed order."""
    return itertools.chain(
        signals.cases(),
        foreign.cases(),
        playlists.cases(canary),
        names.cases(),
        wav_headers.cases(),
        containers.cases(canary),
        bombs.cases(),
        damaged.cases(),
        references.cases(canary),
        lies.cases(),
        floods.cases(),
    )


def broken_files(
    directory: Path, canary: Canary | None = None, kinds: Collection[str] | None = None
) -> Iterator[BrokenFile]:
    """Write the files to `directory` one by one, each just before it is yielded.

    The same on every run but for the canary's path inside playlists. Pass a `canary` to have its `url`
    point at a server that notices requests; `kinds` leaves out all other kinds.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for index, case in enumerate(cases(canary or place_canary(directory))):
        if kinds is not None and case.kind not in kinds:
            continue
        path = directory / _safe_name(index, case)
        path.write_bytes(case.make())
        yield BrokenFile(path, case.name, case.kind, case.acceptable)


def _safe_name(index: int, case: Case) -> str:
    """Keeps the suffix, as FFmpeg's guess of the format may depend on it."""
    match = re.fullmatch(r"(.*?)(\.[A-Za-z0-9]{1,8})?", case.name, re.DOTALL)
    assert match
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", match[1])[:40].strip("-")
    return f"{index:03d}-{case.kind}-{stem}{match[2] or ''}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the odd and broken files of the tests to a folder.")
    parser.add_argument("directory", type=Path, help="folder to write to; made if it is missing")
    parser.add_argument("--kind", action="append", help="only files of this kind, e.g. playlist; may be repeated")
    arguments = parser.parse_args()
    written = [
        {"path": file.path.name, "name": file.name, "kind": file.kind, "acceptable": sorted(file.acceptable)}
        for file in broken_files(arguments.directory, kinds=arguments.kind)
    ]
    (arguments.directory / "manifest.json").write_text(json.dumps(written, indent=1) + "\n")
    print(f"{len(written)} files in {arguments.directory}")


if __name__ == "__main__":
    main()
