from __future__ import annotations

import errno
import io
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.domain.errors import StoreUnavailable
from shared.domain.recording import SAMPLE_RATE, AudioFormat, RecordingWarning
from tests.support.decoder import DECODER, decoder_pid, fork_server_pid, range_pids
from tests.support.media.broken import place_canary
from tests.support.media.containers import cases as containers
from tests.support.media.encode import FORMATS, encode, encoded
from tests.support.media.pictures import video_only
from tests.support.media.playlists import cases as playlists
from tests.support.media.speech import speech_like
from tests.support.waiting import PATIENCE_S, wait_until
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.pipeline.errors import (
    DecodeFailed,
    DecoderCrashed,
    DecodeTimeout,
    NoAudioStream,
    TooLong,
    UnsupportedAudio,
    UnsupportedMedia,
)
from worker.pipeline.ports import Samples

MONO = speech_like(4, seed=7).samples
CODEC_DELAY = 0.15 * SAMPLE_RATE
"""The most by which AAC without an edit list is too long: two frames of 1024 samples."""
STEREO = np.stack([MONO, speech_like(4, seed=8).samples], axis=1)


def decoded(path: Path, decoder: FfmpegDecoder = DECODER) -> tuple[AudioFormat, Samples, list[RecordingWarning]]:
    with path.open("rb") as file, decoder.open(file) as stream:
        blocks = list(stream.blocks())
        return stream.format, np.concatenate(blocks), list(stream.warnings)


@pytest.mark.parametrize("name", ["wav", "flac", "rf64", "w64", "aiff", "caf", "au"])
@pytest.mark.parametrize("sound", [MONO[:, None], STEREO], ids=["mono", "stereo"])
def test_lossless_sound_at_16_khz_comes_out_sample_for_sample(tmp_path: Path, name: str, sound: Samples) -> None:
    encode(sound, SAMPLE_RATE, tmp_path / "x", name)
    _, samples, warnings = decoded(tmp_path / "x")
    assert np.array_equal(samples, sound)
    assert warnings == []


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_whole_and_in_place(tmp_path: Path, name: str) -> None:
    rate = min(FORMATS[name].rates, key=lambda rate: abs(rate - SAMPLE_RATE))
    sound = speech_like(4, rate, seed=7).samples
    encode(sound[:, None], rate, tmp_path / "x", name)
    audio_format, samples, warnings = decoded(tmp_path / "x")
    assert audio_format.sample_rate in (rate, 48_000)  # Opus is always decoded at 48 kHz
    assert len(samples) == pytest.approx(4 * SAMPLE_RATE, abs=CODEC_DELAY)
    assert warnings == []
    # In place: the loudness follows the original's, but for the two steps that a codec without an edit list is late.
    original = _loudness(np.interp(np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE, np.arange(len(sound)) / rate, sound))
    found_loudness = _loudness(samples[:, 0].astype(float))
    assert max(np.corrcoef(original, np.roll(found_loudness, -late))[0, 1] for late in range(3)) > 0.8


def _loudness(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = np.resize(sound, 4 * SAMPLE_RATE).reshape(-1, 800)
    return np.asarray(np.sqrt((steps**2).mean(axis=1)))


@pytest.mark.parametrize(("coding", "dtype"), [("pcm", "<i2"), ("pcm", ">i2"), ("ulaw", "u1")])
def test_nist_sphere_is_read(tmp_path: Path, coding: str, dtype: str) -> None:
    width = np.dtype(dtype).itemsize
    fields = [f"sample_count -i {len(MONO)}", "channel_count -i 1", f"sample_rate -i {SAMPLE_RATE}"]
    fields += [f"sample_n_bytes -i {width}", f"sample_coding -s{len(coding)} {coding}"]
    fields += [f"sample_byte_format -s2 {'10' if dtype[0] == '>' else '01'}"] if width == 2 else []
    header = "\n".join(["NIST_1A", "   1024", *fields, "end_head", ""]).encode().ljust(1024)
    if coding == "ulaw":
        sound = encoded(MONO[:, None], SAMPLE_RATE, "wav_mulaw")[-len(MONO) :]
    else:
        sound = MONO.astype(dtype).tobytes()
    (tmp_path / "x").write_bytes(header + sound)
    _, samples, warnings = decoded(tmp_path / "x")
    assert samples.shape == (len(MONO), 1)
    assert np.abs(samples[:, 0].astype(int) - MONO).max() <= (0 if coding == "pcm" else 1024)
    assert warnings == []


def test_lost_packets_leave_silence_so_that_later_sound_stays_in_place(tmp_path: Path) -> None:
    gap = next(case for case in containers(place_canary(tmp_path)) if case.name == "gap_of_5_s.mkv")
    (tmp_path / "x").write_bytes(gap.make())
    _, samples, _ = decoded(tmp_path / "x")
    assert len(samples) == pytest.approx(6 * SAMPLE_RATE, abs=0.1 * SAMPLE_RATE)
    quiet = np.abs(samples[:, 0].reshape(-1, 100)).max(axis=1) == 0
    assert quiet.sum() * 100 == pytest.approx(5 * SAMPLE_RATE, abs=0.3 * SAMPLE_RATE)


def test_a_timestamp_millennia_away_is_not_filled_with_silence(tmp_path: Path) -> None:
    huge = next(case for case in containers(place_canary(tmp_path)) if case.name == "granule_huge.opus")
    (tmp_path / "x").write_bytes(huge.make())
    _, samples, _ = decoded(tmp_path / "x")
    assert len(samples) < 60 * SAMPLE_RATE


@pytest.mark.parametrize("name", ["wav", "mp3", "flac", "m4a_faststart", "mkv", "aac", "amr", "wma", "opus", "vorbis"])
def test_a_truncated_file_is_read_as_far_as_it_goes_with_a_warning(tmp_path: Path, name: str) -> None:
    rate = 8000 if name == "amr" else 16_000
    whole = tmp_path / "whole"
    encode(speech_like(20, rate, seed=7).samples[:, None], rate, whole, name)
    (tmp_path / "cut").write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6) - 1])
    _, samples, warnings = decoded(tmp_path / "cut")
    assert 8 * SAMPLE_RATE < len(samples) < 14 * SAMPLE_RATE
    assert RecordingWarning.TRUNCATED in warnings


def test_three_and_more_channels_are_mixed_into_one(tmp_path: Path) -> None:
    encode(np.repeat(MONO[:, None], 6, axis=1), SAMPLE_RATE, tmp_path / "x", "wav")
    audio_format, samples, _ = decoded(tmp_path / "x")
    assert audio_format.channels == 6
    assert samples.shape == (len(MONO), 1)


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"hello", UnsupportedMedia), (b"", UnsupportedMedia), (b"RIFF\x24\0\0\0WAVEfmt ", UnsupportedMedia)],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: bytes, error: type[Exception]) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(error):
        decoded(tmp_path / "x")


def test_a_video_without_sound_and_a_header_without_samples_have_errors_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "silent.mp4").write_bytes(video_only("mp4", "mpeg4"))
    with pytest.raises(NoAudioStream):
        decoded(tmp_path / "silent.mp4")
    encode(MONO[:0, None], SAMPLE_RATE, tmp_path / "x", "wav")
    with pytest.raises(DecodeFailed):
        decoded(tmp_path / "x")


def test_a_recording_over_the_limit_is_stopped(tmp_path: Path) -> None:
    encode(MONO[:, None], SAMPLE_RATE, tmp_path / "x", "wav")
    with pytest.raises(TooLong):
        decoded(tmp_path / "x", FfmpegDecoder(max_duration_s=3, timeout_s=PATIENCE_S))


def test_no_playlist_opens_the_file_it_names(tmp_path: Path) -> None:
    for case in playlists(place_canary(tmp_path)):
        path = tmp_path / "list"  # beside the canary
        path.write_bytes(case.make())
        with pytest.raises((UnsupportedMedia, NoAudioStream, DecodeFailed)):
            decoded(path)


_REACH = """
import os, socket, sys
from worker.adapters.decoding.process import confine
inside = os.open(sys.argv[1], os.O_RDONLY)
confine()
for reach in (lambda: open(sys.argv[1]), lambda: socket.socket(), lambda: os.open("/", os.O_RDONLY), os.pipe):
    try:
        reach()
    except OSError as error:
        print(error.strerror)
print(os.read(inside, 6).decode())
"""


def test_the_decoders_process_reads_its_file_and_can_open_no_other(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"inside")
    completed = subprocess.run(
        [sys.executable, "-c", _REACH, tmp_path / "x"], capture_output=True, text=True, check=True
    )
    assert completed.stdout.splitlines() == [os.strerror(errno.EMFILE)] * 4 + ["inside"]


def test_a_decoder_has_nothing_open_but_the_file_and_its_pipe(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    encode(np.tile(MONO, 200)[:, None], SAMPLE_RATE, tmp_path / "x", "wav")
    with secret.open("w"), (tmp_path / "x").open("rb") as file, DECODER.open(file) as stream:
        next(stream.blocks())
        open_files = [os.readlink(fd) for fd in Path(f"/proc/{decoder_pid()}/fd").iterdir() if int(fd.name) > 2]
    kinds = {link.partition(":")[0] for link in open_files}
    assert kinds == {str(tmp_path / "x"), "socket"}  # its pipe, and those to its own processes


def test_a_killed_fork_server_takes_its_decoders_along_and_another_is_started(tmp_path: Path) -> None:
    encode(np.tile(MONO, 200)[:, None], SAMPLE_RATE, tmp_path / "x", "wav")
    with (tmp_path / "x").open("rb") as file, DECODER.open(file) as stream:
        next(stream.blocks())
        decoder, fork_server = decoder_pid(), fork_server_pid()
        assert os.getpriority(os.PRIO_PROCESS, decoder) > os.getpriority(os.PRIO_PROCESS, 0)  # it gives way
        os.kill(fork_server, signal.SIGKILL)
    assert decoded(tmp_path / "x")[0].duration == 200 * len(MONO)
    assert fork_server_pid() != fork_server
    wait_until(lambda: not Path(f"/proc/{decoder}").exists())  # the process that adopts it must reap it first


@pytest.fixture
def default_timeout(tmp_path: Path) -> Iterator[None]:
    """What Celery sets while a worker stops. The fork server is started anew meanwhile."""
    decoded(encode(MONO[:, None], SAMPLE_RATE, tmp_path / "before", "wav"))
    os.kill(fork_server_pid(), signal.SIGKILL)
    socket.setdefaulttimeout(5)
    yield
    socket.setdefaulttimeout(None)


class SlowFile(io.BytesIO):
    """A recording in a store, which takes a moment for each read."""

    def read(self, size: int | None = -1) -> bytes:
        time.sleep(0.1)
        return super().read(size)


@pytest.mark.usefixtures("default_timeout")
def test_a_default_timeout_of_sockets_does_not_end_decoders(tmp_path: Path) -> None:
    content = encode(MONO[:, None], SAMPLE_RATE, tmp_path / "x", "flac").read_bytes()
    for _ in range(2):
        with DECODER.open(SlowFile(content)) as stream:
            assert sum(map(len, stream.blocks())) == len(MONO)


def test_decoders_are_forked_from_one_fork_server(tmp_path: Path) -> None:
    encode(MONO[:, None], SAMPLE_RATE, tmp_path / "x", "wav")
    with (tmp_path / "x").open("rb") as file, DECODER.open(file):
        fork_server, first = fork_server_pid(), decoder_pid()
        with (tmp_path / "x").open("rb") as second_file, DECODER.open(second_file):
            assert decoder_pid() != first
    assert fork_server_pid() == fork_server


@pytest.mark.parametrize(("rate", "channels"), [(999, 1), (768_001, 1), (16_000, 65)])
def test_a_rate_or_channels_out_of_the_limits_have_an_error_of_their_own(
    tmp_path: Path, rate: int, channels: int
) -> None:
    encode(MONO[:, None], SAMPLE_RATE, tmp_path / "x", "wav")
    content = bytearray((tmp_path / "x").read_bytes())
    struct.pack_into("<HIIH", content, content.index(b"fmt ") + 10, channels, rate, rate * channels * 2, channels * 2)
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UnsupportedAudio):
        decoded(tmp_path / "x")


def test_a_decoder_that_hangs_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never")
    impatient = FfmpegDecoder(max_duration_s=60, timeout_s=2)
    # Open for writing too, so that reading waits instead of ending.
    with open(tmp_path / "never", "r+b", buffering=0) as file, pytest.raises(DecodeTimeout), impatient.open(file):
        pass


def test_a_decoder_that_dies_is_an_error_not_a_hang(tmp_path: Path) -> None:
    encode(np.tile(MONO, 200)[:, None], SAMPLE_RATE, tmp_path / "x", "wav")
    with (tmp_path / "x").open("rb") as file, DECODER.open(file) as stream:
        blocks = stream.blocks()
        next(blocks)
        os.kill(decoder_pid(), signal.SIGKILL)
        with pytest.raises(DecoderCrashed):
            list(blocks)


def long_recording(folder: Path) -> Path:
    """A recording that is decoded in ranges."""
    return encode(np.tile(MONO, 200)[:, None], SAMPLE_RATE, folder / "x", "flac")


def test_a_long_recording_is_decoded_by_processes_that_have_nothing_open_but_a_socket(tmp_path: Path) -> None:
    with long_recording(tmp_path).open("rb") as file, DECODER.open(file) as stream:
        blocks = stream.blocks()
        begin = list(islice(blocks, 125))
        processes = range_pids()
        open_files = [
            [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir() if int(fd.name) > 2] for pid in processes
        ]
        limits = {resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in processes}
        sound = np.concatenate([*begin, *blocks])
    assert len(processes) > 1
    assert [[link.partition(":")[0] for link in links] for links in open_files] == [["socket"]] * len(processes)
    assert limits == {(3, 3)}  # they cannot open another
    assert np.array_equal(sound[:, 0], np.tile(MONO, 200))


def test_a_recording_over_the_limit_is_stopped_within_its_ranges(tmp_path: Path) -> None:
    with pytest.raises(TooLong):
        decoded(long_recording(tmp_path), FfmpegDecoder(max_duration_s=200, timeout_s=PATIENCE_S))
    wait_until(lambda: not range_pids())


@pytest.mark.parametrize("dies", [True, False], ids=["a range's process", "the decoder"])
def test_a_decoder_and_the_processes_of_its_ranges_end_together(tmp_path: Path, dies: bool) -> None:
    with long_recording(tmp_path).open("rb") as file, DECODER.open(file) as stream:
        blocks = stream.blocks()
        list(islice(blocks, 125))
        decoder, processes = decoder_pid(), range_pids()
        assert processes
        os.kill(processes[0] if dies else decoder, signal.SIGKILL)
        with pytest.raises(DecoderCrashed):
            list(blocks)
    following = encode(MONO[:, None], SAMPLE_RATE, tmp_path / "next", "wav")

    def ended() -> bool:
        decoded(following)  # the fork server reaps before it forks, but a process closes its socket before it has ended
        return not any(Path(f"/proc/{pid}").exists() for pid in [decoder, *processes])

    wait_until(ended)


def test_a_file_that_cannot_be_read_is_not_taken_for_its_end() -> None:
    # Nothing is mapped at the start of a process's memory: to read it fails with EIO, as a broken disk does.
    with Path("/proc/self/mem").open("rb") as file, pytest.raises(StoreUnavailable), DECODER.open(file):
        pass
