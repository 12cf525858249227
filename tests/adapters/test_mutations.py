"""Files broken at random, decoded and cut: each gives sound, or an error of the file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from shared.domain.failure import FailureCode
from shared.domain.options import TrackOption
from tests.adapters.file_outcomes import FileOutcome, analyse_file, map_in_threads
from tests.support.media.mutations import COUNT, Mutant, mutant, mutant_of_tracks
from tests.support.waiting import PATIENCE_S
from worker.adapters.decoding.decoder import FfmpegDecoder

ALL = "EMOLINE_TEST_ALL_MUTATIONS" in os.environ
"""All 2,000, ten minutes on two cores; by default some 90, of all formats and with all changes."""
EVERY = 1 if ALL else 23
COUNT_OF_TRACKS = 500
OF_THE_FILE = {
    FailureCode.UNSUPPORTED_MEDIA,
    FailureCode.NO_AUDIO_STREAM,
    FailureCode.UNSUPPORTED_AUDIO,
    FailureCode.DECODE_FAILED,
    FailureCode.TOO_LONG,
}
"""Codes of faults in the file; any other code means that the decoder died or hung, or that Emoline is at fault."""
DECODER = FfmpegDecoder(max_duration_s=24 * 3600, timeout_s=PATIENCE_S)


def end_of(
    index: int, directory: Path, make: Callable[[int], Mutant] = mutant, track: TrackOption = None
) -> FileOutcome:
    path = directory / str(index)
    broken = make(index)
    path.write_bytes(broken.data)
    try:
        return analyse_file(path, DECODER, track, broken.raw)
    finally:
        path.unlink()


@pytest.mark.timeout(3600)
def test_every_mutation_ends_in_sound_or_an_error_of_the_file(
    tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    indexes = range(0, COUNT, EVERY)
    ends = dict(zip(indexes, map_in_threads(partial(end_of, directory=tmp_path), indexes), strict=True))
    record_testsuite_property("ends", str(Counter(str(end.code or "sound") for end in ends.values())))
    assert {index: end.code for index, end in ends.items() if end.code not in {None, *OF_THE_FILE}} == {}
    assert {end.code for end in ends.values()} >= {None, FailureCode.UNSUPPORTED_MEDIA, FailureCode.DECODE_FAILED}
    for end in ends.values():
        assert all(clip.segment.end <= end.decoded and clip.samples.size for clip in end.clips)


@pytest.mark.timeout(3600)
def test_every_mutation_of_several_tracks_ends_in_sound_of_each_or_an_error_of_the_file(tmp_path: Path) -> None:
    indexes = range(0, COUNT_OF_TRACKS, EVERY)
    of_tracks = partial(end_of, directory=tmp_path, make=mutant_of_tracks, track="each")
    ends = dict(zip(indexes, map_in_threads(of_tracks, indexes), strict=True))
    assert {index: end.code for index, end in ends.items() if end.code not in {None, *OF_THE_FILE}} == {}
    assert None in {end.code for end in ends.values()}
