"""The commands `analyze`, `demo`, `migrate` and their errors, run as processes."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import soundfile

from shared.schemas.result import ResultDocument
from tests.support.command_line import emoline
from tests.support.media.encode import encode
from tests.support.media.movies import PersonTrack, person_tracks
from tests.support.media.speech import speech_like
from tests.support.pdf import links, pages

NOTEBOOK = Path(__file__).parents[2] / "docs" / "how-to" / "folder-to-figure.ipynb"


@pytest.mark.parametrize(
    "command",
    ["", "analyze", "split", "evaluate", "serve", "worker", "demo", "submit", "migrate", "keys", "keys create"],
)
def test_help_is_everywhere(command: str) -> None:
    completed = emoline(*command.split(), "--help")
    assert completed.returncode == 0
    assert "Usage" in completed.stdout


def test_analyze_writes_the_apis_result_and_the_segments(tmp_path: Path) -> None:
    sound = speech_like(30, seed=5).samples
    encode(sound[:, None], 16_000, tmp_path / "call.wav", "wav")
    options = ["--save-segments", "--export", "csv,srt", "--min-confidence", 0.1, "--max-ms", 20_000]
    before = datetime.now(UTC)
    completed = emoline("analyze", tmp_path / "call.wav", "--out", tmp_path / "out", *options)
    assert completed.returncode == 0, completed.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "result.json", "result.csv", "result.srt", "segments"
    }  # fmt: skip
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    result = ResultDocument.model_validate(written)
    assert json.loads(result.model_dump_json(by_alias=True)) == written
    assert result.model
    assert result.model.id == "emoline/mini"
    assert (result.config.aggregation.min_confidence, result.config.segmentation.max_ms) == (0.1, 20_000)
    assert before < result.finished_at < datetime.now(UTC)
    assert result.emoline_version == version("emoline-service")
    for segment in result.segments:
        assert segment.audio_url == f"segments/{segment.index:03d}.wav"
        samples, rate = soundfile.read(tmp_path / "out" / segment.audio_url, dtype="int16")
        start = segment.start_ms * rate // 1000
        assert np.array_equal(samples, sound[start : start + len(samples)])
    assert " of speech, mean confidence " in completed.stdout
    assert "not to be relied on" in completed.stdout.replace("\n", " ")


def test_analyze_writes_frames_and_embeddings_and_deletes_those_of_an_earlier_run(tmp_path: Path) -> None:
    sound, out = speech_like(12, seed=6).samples, tmp_path / "out"
    encode(sound[:, None], 16_000, tmp_path / "call.wav", "wav")
    stale = [out / "segments" / "999.wav", out / "segments" / "1000.wav", out / "embeddings" / "999.npy"]
    foreign = [out / "segments" / "0999.wav", out / "segments" / "my.wav", out / "segments" / "999.txt"]
    for path in (*stale, *foreign):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    options = ["--granularity", "frame", "--embeddings", "frame", "--save-segments"]
    completed = emoline("analyze", tmp_path / "call.wav", "--out", out, *options)
    assert completed.returncode == 0, completed.stderr
    segments = json.loads((out / "result.json").read_text())["segments"]
    names = {f"{segment['index']:03d}" for segment in segments}
    assert {path.stem for path in out.glob("segments/*.wav")} - {"0999", "my"} == names
    assert {path.stem for path in out.glob("embeddings/*")} == names
    assert [path.exists() for path in (*stale, *foreign)] == [False] * 3 + [True] * 3
    for segment in segments:
        assert list(segment["frames"]["scores"]) == list(segment["scores"])
        scores = np.array(list(segment["frames"]["scores"].values())).T
        assert np.allclose(scores.sum(axis=1), 1, atol=1e-3)
        vectors = np.load(out / "embeddings" / f"{segment['index']:03d}.npy", allow_pickle=False)
        assert (vectors.ndim, len(vectors), vectors.dtype) == (2, len(scores), np.float32)


@pytest.mark.parametrize("name", ["call.wav", "tracks.mkv"])
def test_analyze_takes_one_channel_under_its_name(tmp_path: Path, name: str) -> None:
    voices = [speech_like(15, seed=7).samples, speech_like(15, seed=8).samples]
    options = ["--roles", "agent,customer", "--analyse", "customer"]
    if name == "call.wav":
        encode(np.stack(voices, axis=1), 16_000, tmp_path / name, "wav")
        options += ["--channels", "split", "--speaking-times", "all"]
    else:
        (tmp_path / name).write_bytes(person_tracks("matroska", "flac", [PersonTrack(voice) for voice in voices]))
        options += ["--track", "each"]
    completed = emoline("analyze", tmp_path / name, "--out", tmp_path / "out", "--save-segments", *options)
    assert completed.returncode == 0, completed.stderr
    result = ResultDocument.model_validate_json((tmp_path / "out" / "result.json").read_bytes())
    assert {(segment.channel, segment.role) for segment in result.segments} == {(1, "customer")}
    assert len(list((tmp_path / "out" / "segments").iterdir())) == len(result.segments)
    assert "customer" in completed.stdout
    assert result.conversation
    times = {channel.role: channel.talk_ms > 0 for channel in result.conversation.channels}
    assert times == {"agent": True, "customer": True} if name == "call.wav" else {"customer": True}


def test_the_notebook_makes_a_figure_of_a_folder(tmp_path: Path) -> None:
    """Of three recordings one is broken; the notebook's cells are run one after the other."""
    for name, seed in {"b.wav": 10, "monday/b.wav": 11}.items():
        (tmp_path / "recordings" / name).parent.mkdir(parents=True, exist_ok=True)
        encode(speech_like(6, seed=seed).samples[:, None], 16_000, tmp_path / "recordings" / name, "wav")
    (tmp_path / "recordings" / "a.wav").write_text("not sound at all")
    (tmp_path / "recordings" / "notes.txt").touch()
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    script = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    completed = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=os.environ | {"PATH": path, "MPLBACKEND": "agg"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert completed.returncode == 0, completed.stderr
    assert (tmp_path / "emotions.png").read_bytes().startswith(b"\x89PNG")
    assert "2 analysed, 1 failed." in completed.stdout
    assert re.search(r"a\.wav: .*\(unsupported_media\)", completed.stdout)
    assert "Left out: 1 file without a recording's ending (recordings/notes.txt)." in completed.stderr
    for folder in ("b", "monday/b"):
        result = ResultDocument.model_validate_json((tmp_path / "results" / folder / "result.json").read_bytes())
        assert result.audio.filename == "b.wav"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["analyze", "TEXT", "--out", "OUT", "--channels", "mix", "--analyse", "1"], "use split or auto"),
        (["analyze", "TEXT", "--out", "OUT", "--roles", "agent,"], "each of roles must have 1 to 64"),
        (["analyze", "MONO", "--out", "OUT", "--analyse", "1"], "(channel_missing)"),
        (["analyze", "MONO", "--out", "OUT", "--track", "one"], "track must be a number from 0 on, or each"),
        (["analyze", "TEXT", "--out", "OUT"], "not a recording in a format that Emoline reads"),
        (["analyze", "MISSING", "--out", "OUT"], "does not exist"),
        (["analyze", "TEXT", "--out", "OUT", "--raw", "wav"], "raw.codec must be one of alaw, mulaw"),
        (["analyze", "TEXT", "--out", "OUT", "--model", "no-such"], "There is no model directory no-such"),
        (["serve", "--host", "0.0.0.0", "--port", "0"], "only listens on this machine's own address"),
        (["serve", "--model", "no-such", "--port", "0"], "There is no model directory no-such"),
    ],
)
def test_an_impossible_command_ends_with_a_sentence(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "text.wav").write_text("not sound at all")
    encode(np.ones((1600, 1), np.int16), 16_000, tmp_path / "mono.wav", "wav")
    files = {"TEXT": tmp_path / "text.wav", "MONO": tmp_path / "mono.wav", "MISSING": tmp_path / "missing.wav"}
    completed = emoline(*((files | {"OUT": tmp_path / "out"}).get(argument, argument) for argument in arguments))
    assert completed.returncode != 0
    assert message in " ".join(completed.stderr.replace("│", " ").split())
    assert "Traceback" not in completed.stderr


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOLINE_LEASE_S", "soon")
    completed = emoline("migrate")
    assert completed.returncode == 1
    assert "EMOLINE_LEASE_S" in completed.stderr
    assert "Traceback" not in completed.stderr


def test_demo_shows_the_timeline_of_the_bundled_call_and_stops(tmp_path: Path) -> None:
    completed = emoline("demo", "--out", tmp_path)
    assert completed.returncode == 0, completed.stderr
    result = ResultDocument.model_validate_json((tmp_path / "result.json").read_bytes())
    assert len(result.timeline) > 3
    assert result.audio.channel_mode == "split"
    assert result.timeline[0].emotion in completed.stdout
    assert (tmp_path / "heatmap.png").read_bytes().startswith(b"\x89PNG")
    pdf, html = (tmp_path / name for name in ("report.pdf", "report.html"))
    (job_id,) = set(re.findall(r"job_[0-9a-f-]{36}", " ".join(pages(pdf.read_bytes()))))
    page = html.read_text(encoding="utf-8")
    assert job_id in page
    assert "a small demonstration model" in page
    assert page.count("data:audio/flac") > 3
    for path in (tmp_path / "heatmap.png", pdf, html):
        assert str(path) in completed.stdout.replace("\n", "")


def test_analyze_writes_reports_whose_links_are_files(tmp_path: Path) -> None:
    sound, out = speech_like(12, seed=9).samples, tmp_path / "out"
    encode(sound[:, None], 16_000, tmp_path / "call.wav", "wav")
    completed = emoline("analyze", tmp_path / "call.wav", "--out", out, "--report", "--lang", "zh", "--save-segments")
    assert completed.returncode == 0, completed.stderr
    document = (out / "report.pdf").read_bytes()
    assert "情绪分析报告" in " ".join(pages(document))
    assert links(document)
    assert all((out / link).is_file() for link in links(document))
    page = (out / "report.html").read_text(encoding="utf-8")
    clips = re.findall(r'data:audio/flac;base64,([^"]+)"', page)
    samples, rate = soundfile.read(io.BytesIO(b64decode(clips[0])), dtype="int16")
    saved, _ = soundfile.read(out / links(document)[0], dtype="int16")
    assert rate == 16_000
    assert np.array_equal(samples, saved)
    assert (out / "heatmap.png").read_bytes().startswith(b"\x89PNG")


def test_reports_of_silence_say_that_there_was_no_speech(tmp_path: Path) -> None:
    encode(np.zeros((16_000 * 3, 1), np.int16), 16_000, tmp_path / "silence.wav", "wav")
    completed = emoline("analyze", tmp_path / "silence.wav", "--out", tmp_path / "out", "--report")
    assert completed.returncode == 0, completed.stderr
    document = (tmp_path / "out" / "report.pdf").read_bytes()
    assert "No speech was found" in " ".join(pages(document))
    assert links(document) == []
