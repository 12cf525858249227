"""Hostile files: each ends in time, with a code, and no file or address that it names is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from shared.domain.failure import FailureCode
from shared.domain.raw_sound import RawSound
from tests.adapters.file_outcomes import FileOutcome, analyse_file, map_in_threads
from tests.support.media.broken import BrokenFile, broken_files, cases, place_canary
from tests.support.media.case import Case
from tests.support.media.tripwire import Tripwire
from tests.support.waiting import PATIENCE_S
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.pipeline.ports import Samples

ALL = "EMOLINE_TEST_ALL_MEDIA" in os.environ
"""True to try all hostile files instead of one in eight."""
EVERY = 1 if ALL else 8
KINDS = ("bomb", "lie", "flood", "large")
"""Playlists are tested in `test_decoder`, WAV headers in `tests/e2e`."""
ONCE_FATAL = ("loses_channels.aac", "ogg_widens.opus", "channels_9.wav", "channels_33.wav")
"""Files that once killed the decoder's process; they are always tried."""
WITHIN_S = PATIENCE_S
DECODER = FfmpegDecoder(max_duration_s=6 * 3600 if ALL else 900, timeout_s=60)
"""A day of sound needs more than a minute without being hostile."""
OURS = {FailureCode.INTERNAL_ERROR, FailureCode.DECODER_CRASHED, FailureCode.DECODE_TIMEOUT}
"""Codes of faults in Emoline, not in the file."""

FOLLOWED = ("ffconcat_relative.mp3", "hls_path.m3u8", "hls_http.m3u8", "sound_elsewhere_alias.mov")
"""Files whose references FFmpeg follows if it is allowed to."""
PART = 8_000
"""Samples of the canary to search for: half a second."""
ALIKE = 0.7
"""Least correlation of sound with itself after a codec; two different voices stay far below."""


@dataclass(frozen=True)
class DecoderTrap:
    """Files that name a canary, and the tripwire that notices when it is opened or requested."""

    files: list[BrokenFile]
    wire: Tripwire
    sound: Samples


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[DecoderTrap]:
    canary = place_canary(tmp_path)
    sound = samples_of(canary.path)
    with Tripwire([canary.path, canary.stream]) as wire:
        baits = (case for case in cases(replace(canary, url=wire.url)) if is_bait(case))
        yield DecoderTrap([written(case, tmp_path) for case in baits], wire, sound)


def is_bait(case: Case) -> bool:
    return case.kind == "reference" or case.name in FOLLOWED


def written(case: Case, directory: Path) -> BrokenFile:
    """Write the case's file under its own name, beside the canary."""
    path = directory / case.name
    path.write_bytes(case.make())
    return BrokenFile(path, case.name, case.kind, case.acceptable)


def samples_of(path: Path, timeout_s: float = PATIENCE_S, **options: str) -> Samples:
    """The sound of a file as FFmpeg reads it when it may do all that it can, int16 [n] at 16 kHz."""
    resampler = av.AudioResampler("s16", "mono", 16_000)
    with av.open(str(path), options=options, timeout=timeout_s) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def holds(sound: Samples, canary: Samples) -> bool:
    """Return True if any half second of the canary is anywhere in the sound [n], at any level."""
    parts = canary[: len(canary) // PART * PART].reshape(-1, PART).astype(float)
    padded = np.concatenate([sound.astype(float), np.zeros(PART)])
    size = len(padded) + PART
    energy = np.concatenate([[0.0], np.cumsum(padded**2)])
    loudness = np.sqrt(np.maximum(energy[PART:] - energy[:-PART], 1))
    products = np.fft.irfft(np.fft.rfft(padded, size) * np.fft.rfft(parts, size).conj(), size)[:, : len(loudness)]
    likeness = products / loudness / np.linalg.norm(parts, axis=1)[:, None]
    return bool(likeness.max() > ALIKE)


def chosen(index: int, file: BrokenFile) -> bool:
    return index % EVERY == 0 or file.name in ONCE_FATAL


def wrong(file: BrokenFile, end: FileOutcome) -> str:
    """A description of the fault in a file's outcome, empty if there is none."""
    outcome = "failed" if end.code else "succeeded"
    if outcome in file.acceptable and end.code not in OURS and end.took_s < WITHIN_S:
        return ""
    return f"{file.name}: {end.code} after {end.took_s:.0f} s"


def test_files_and_urls_named_in_a_file_are_not_opened(trap: DecoderTrap) -> None:
    ends = list(map_in_threads(partial(analyse_file, decoder=DECODER), [file.path for file in trap.files]))
    assert list(filter(None, map(wrong, trap.files, ends))) == []
    assert not trap.wire.touched()
    assert not trap.wire.asked()
    for file, end in zip(trap.files, ends, strict=True):
        assert not any(holds(clip.samples, trap.sound) for clip in end.clips), file.name
        assert end.decoded != len(trap.sound), file.name


def test_no_file_and_url_is_opened_when_a_file_is_said_to_be_headerless_sound(trap: DecoderTrap) -> None:
    paths = [file.path for file in trap.files if file.name in FOLLOWED]
    ends = list(map_in_threads(partial(analyse_file, decoder=DECODER, raw=RawSound("alaw")), paths))
    assert len(ends) == len(FOLLOWED)
    assert not trap.wire.touched()
    assert not trap.wire.asked()
    for end in ends:
        assert not any(holds(clip.samples, trap.sound) for clip in end.clips)


def test_the_trap_detects_opened_files_and_urls(trap: DecoderTrap) -> None:
    paths = {file.name: file.path for file in trap.files}
    for name in ("ffconcat_relative.mp3", "hls_path.m3u8"):
        assert holds(samples_of(paths[name]), trap.sound)
        assert trap.wire.touched()
    assert holds(samples_of(paths["sound_elsewhere_alias.mov"], enable_drefs="1", use_absolute_path="1"), trap.sound)
    assert trap.wire.touched()
    with suppress(av.FFmpegError):  # nobody answers
        samples_of(paths["hls_http.m3u8"], timeout_s=1, protocol_whitelist="file,http,tcp")
    assert trap.wire.asked()


@pytest.mark.timeout(1800)
def test_every_bomb_and_every_lie_comes_to_an_end_in_time_and_with_a_code(tmp_path: Path) -> None:
    files = [file for index, file in enumerate(broken_files(tmp_path, kinds=KINDS)) if chosen(index, file)]
    ends = map_in_threads(partial(analyse_file, decoder=DECODER), [file.path for file in files])
    assert list(filter(None, map(wrong, files, ends))) == []
