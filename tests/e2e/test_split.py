"""Segmentation without a model: `split_long_audio`, and `emoline split` as a process."""

from __future__ import annotations

import json
from pathlib import Path

import av
import matplotlib.image
import numpy as np
import pytest
import soundfile

from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, from_ms
from shared.settings import Settings
from tests.support.command_line import emoline
from tests.support.media.damaged import replace_blocks
from tests.support.media.encode import encode
from tests.support.media.speech import Samples, speech_like
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.offline import plot
from worker.offline.split import ActivityRecorder, SplitSegment, split, split_long_audio
from worker.pipeline.errors import UnsupportedMedia

NO_PAUSE: list[tuple[float, float]] = []
CALL = np.stack([speech_like(75, seed=1).samples, speech_like(75, seed=2).samples], axis=1)
TALK = speech_like(40, seed=3, pauses=NO_PAUSE).samples


def decode(file: Path) -> Samples:
    """Decode the whole recording with PyAV alone: int16 [n, channels] at 16 kHz."""
    with av.open(file) as container:
        resampler = av.AudioResampler("s16", container.streams.audio[0].layout, SAMPLE_RATE)
        frames = [*container.decode(audio=0), None]
        sound = [part.to_ndarray() for frame in frames for part in resampler.resample(frame)]
    samples: Samples = (
        np.concatenate(sound, axis=1).reshape(-1, resampler.layout.nb_channels).astype(np.int16, copy=False)
    )
    return samples


def decode_with_gaps(file: Path) -> Samples:
    """Decode the whole recording with our decoder, which fills damaged places with silence."""
    with file.open("rb") as opened, FfmpegDecoder(600, 30).open(opened) as stream:
        return np.concatenate(list(stream.blocks()))


def assert_files_agree(segments: list[SplitSegment], sound: Samples, folder: Path) -> None:
    """Compare segment files and segments.json with the segments and the sound of the recording."""
    for segment in segments:
        written, rate = soundfile.read(segment.path, dtype="int16")
        assert (rate, soundfile.info(segment.path).subtype) == (SAMPLE_RATE, "PCM_16")
        start, end = from_ms(segment.start_ms), from_ms(segment.end_ms)
        assert np.array_equal(written[: end - start], sound[start:end, segment.channel])
        assert len(written) - (end - start) < from_ms(1)  # the end of a recording is rounded down to a millisecond
    rows = json.loads((folder / "segments.json").read_text())
    names = ("file", "channel", "start_ms", "end_ms", "flags")
    assert [row.pop("index") for row in rows] == list(range(len(rows)))
    assert [row["file"] for row in rows] == [f"{index:03d}.wav" for index in range(len(rows))]
    assert rows == [
        dict(zip(names, (piece.path.name, piece.channel, piece.start_ms, piece.end_ms, list(piece.flags)), strict=True))
        for piece in segments
    ]


@pytest.mark.parametrize(
    ("rate", "kind"),
    [
        (16_000, "wav"),
        (8_000, "wav"),
        (44_100, "mp3"),
        (44_100, "m4a"),
        (48_000, "opus"),
        (16_000, "vorbis"),
        (22_050, "flac"),
    ],
)
def test_files_hold_the_recordings_samples_and_the_sidecar_agrees(tmp_path: Path, rate: int, kind: str) -> None:
    sound = CALL[:: SAMPLE_RATE // rate] if rate < SAMPLE_RATE else CALL
    file, out = encode(sound, rate, tmp_path / f"call.{kind}", kind), tmp_path / "new" / "out"
    segments = split_long_audio(str(file), out)
    assert {segment.channel for segment in segments} == {0, 1}
    assert [segment.start_ms for segment in segments] == sorted(segment.start_ms for segment in segments)
    assert_files_agree(segments, decode(file), out)
    assert {path.name for path in out.iterdir()} == {segment.path.name for segment in segments} | {"segments.json"}


@pytest.mark.parametrize("kind", ["mp3", "vorbis", "mkv"])
def test_segments_of_a_damaged_recording_hold_the_sound_at_their_times(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"call.{kind}"
    intact = encode(CALL, 44_100, file, kind).read_bytes()
    file.write_bytes(replace_blocks(lambda block: bytes(len(block)), intact, np.random.default_rng(4)))
    segments = split_long_audio(file, tmp_path / "out")
    assert len(segments) > 2
    assert_files_agree(segments, decode_with_gaps(file), tmp_path / "out")


def test_no_segment_of_speech_without_pauses_is_over_the_maximum(tmp_path: Path) -> None:
    file = encode(TALK, 16_000, tmp_path / "talk.wav")
    segments = split_long_audio(file, tmp_path / "out", max_duration=4.5, min_silence_len=500, silence_thresh=-35)
    assert max(segment.end_ms - segment.start_ms for segment in segments) <= 4500
    assert sum(segment.end_ms - segment.start_ms for segment in segments) == pytest.approx(40_000, abs=200)


def test_a_second_split_into_a_folder_deletes_the_files_of_the_first(tmp_path: Path) -> None:
    long, short = encode(CALL, 16_000, tmp_path / "long.wav"), encode(TALK, 16_000, tmp_path / "short.wav")
    out = tmp_path / "out"
    assert emoline("split", long, "--out", out, "--plot").returncode == 0
    (out / "notes.wav").touch()
    segments = split_long_audio(short, out)
    names = {segment.path.name for segment in segments}
    assert {path.name for path in out.iterdir()} == names | {"segments.json", "notes.wav"}


def test_recordings_that_are_named_like_segments_are_not_overwritten(tmp_path: Path) -> None:
    file, foreign = encode(TALK, 16_000, tmp_path / "talk.wav"), encode(TALK, 16_000, tmp_path / "001.wav")
    before = foreign.read_bytes()
    with pytest.raises(FileExistsError, match=r"001\.wav is not of an earlier split"):
        split_long_audio(file, tmp_path)
    assert foreign.read_bytes() == before
    split_long_audio(file, tmp_path / "out")
    with pytest.raises(FileExistsError, match="where its segments would be written"):
        split_long_audio(tmp_path / "out" / "000.wav", tmp_path / "out")


def test_errors_are_raised_before_a_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not sound at all")
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="from 3000 to 25000, not 30000"):
        split_long_audio(tmp_path / "text.wav", out, max_duration=30)
    with pytest.raises(FileNotFoundError):
        split_long_audio(tmp_path / "missing.wav", out)
    with pytest.raises(UnsupportedMedia):
        split_long_audio(tmp_path / "text.wav", out)
    assert not out.exists()


def test_the_command_prints_its_segments_and_draws_them(tmp_path: Path) -> None:
    encode(CALL, 16_000, tmp_path / "call.wav")
    completed = emoline("split", tmp_path / "call.wav", "--out", tmp_path / "out", "--max-ms", 9000, "--plot")
    assert completed.returncode == 0, completed.stderr
    rows = json.loads((tmp_path / "out" / "segments.json").read_text())
    longest = max(row["end_ms"] - row["start_ms"] for row in rows)
    assert f"Segments: {len(rows)}, the longest of {longest / 1000:.1f} s" in completed.stdout
    assert "speech in a recording of 01:15" in completed.stdout
    picture = matplotlib.image.imread(tmp_path / "out" / "segments.png")
    height, width, _ = picture.shape
    assert width == 1800
    assert 400 <= height <= 800  # two rows of two channels
    assert 0.05 < (picture[:, :, :3].min(axis=2) < 0.9).mean() < 0.6  # neither blank nor painted over


def test_cuts_within_speech_are_counted(tmp_path: Path) -> None:
    encode(TALK, 16_000, tmp_path / "talk.wav")
    completed = emoline("split", tmp_path / "talk.wav", "--out", tmp_path / "out", "--max-ms", 21_000)
    assert "Cuts inside speech: 1." in completed.stdout


def test_more_strips_than_a_page_holds_go_onto_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot, "_STRIPS_PER_PAGE", 2)
    file = encode(CALL, 16_000, tmp_path / "call.wav")
    activity = ActivityRecorder()
    completed = split(file, tmp_path / "out", JobOptions(channels="split"), Settings(), on_activity=activity.add)
    pages = plot.draw(completed, activity, 200, tmp_path / "out")
    assert [page.name for page in pages] == ["segments.png", "segments-002.png"]
    assert all(matplotlib.image.imread(page).shape[1] == 1800 for page in pages)


def test_silence_gives_no_segment_and_a_sentence(tmp_path: Path) -> None:
    encode(np.zeros(3 * SAMPLE_RATE, np.int16), 16_000, tmp_path / "silence.wav")
    completed = emoline("split", tmp_path / "silence.wav", "--out", tmp_path / "out", "--plot")
    assert completed.returncode == 0, completed.stderr
    assert "No speech was found" in completed.stdout
    assert json.loads((tmp_path / "out" / "segments.json").read_text()) == []
    assert (tmp_path / "out" / "segments.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max-ms", "30000"], "segmentation.max_ms must be from 3000 to 25000, not 30000"),
        (["--min-silence-ms", "50"], "segmentation.min_silence_ms must be from 100 to 800, not 50"),
        (["--max-silence-ms", "100"], "segmentation.max_silence_ms must be from 200 to 2000, not 100"),
        (["--margin-ms", "450"], "segmentation.margin_ms must be from 0 to 400, not 450"),
        (["--silence-db", "-90"], "segmentation.silence_db must be from -60 to -20, not -90"),
        ([], "not a recording in a format that Emoline reads"),
    ],
)
def test_an_impossible_split_ends_with_a_sentence(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "text.wav").write_text("not sound at all")
    completed = emoline("split", tmp_path / "text.wav", "--out", tmp_path / "out", *arguments)
    assert completed.returncode == 1
    assert message in " ".join(completed.stderr.split())
    assert "Traceback" not in completed.stderr
