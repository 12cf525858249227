"""Files broken at random, through the decoder's process and the segmenter: sound, or an error of the file, always."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from shared.domain.failure import FailureCode
from tests.adapters.file_outcomes import FileOutcome, at_once, ending
from tests.support.media.mutations import COUNT, mutant
from worker.adapters.decoding.decoder import FfmpegDecoder

ALL = "EMOLINE_TEST_ALL_MUTATIONS" in os.environ
"""All 2,000, ten minutes on two cores; by default some 90, of all formats and with all changes."""
EVERY = 1 if ALL else 23
OF_THE_FILE = {
    FailureCode.UNSUPPORTED_MEDIA,
    FailureCode.NO_AUDIO_STREAM,
    FailureCode.UNSUPPORTED_AUDIO,
    FailureCode.DECODE_FAILED,
    FailureCode.TOO_LONG,
}
"""What may be wrong with a file; the other codes mean that the decoder died or hung, or that Emoline is wrong."""
DECODER = FfmpegDecoder(max_duration_s=24 * 3600, timeout_s=30)


def end_of(index: int, directory: Path) -> FileOutcome:
    path = directory / str(index)
    path.write_bytes(mutant(index).data)
    try:
        return ending(path, DECODER)
    finally:
        path.unlink()


@pytest.mark.timeout(3600)
def test_every_mutation_ends_in_sound_or_an_error_of_the_file(
    tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    indexes = range(0, COUNT, EVERY)
    ends = dict(zip(indexes, at_once(partial(end_of, directory=tmp_path), indexes), strict=True))
    record_testsuite_property("ends", str(Counter(str(end.code or "sound") for end in ends.values())))
    assert {index: end.code for index, end in ends.items() if end.code not in {None, *OF_THE_FILE}} == {}
    assert {end.code for end in ends.values()} >= {None, FailureCode.UNSUPPORTED_MEDIA, FailureCode.DECODE_FAILED}
    for end in ends.values():
        assert all(clip.segment.end <= end.decoded and clip.samples.size for clip in end.clips)
