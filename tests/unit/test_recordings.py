"""Recordings of the command line, and the folders of their results."""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console

from cli import app
from cli.analyze import export_formats, plan_tasks
from cli.bulk_analyze import plan_folders
from cli.options import writable_folder
from cli.recordings import list_recordings
from exports.formats import ExportFormat
from worker.offline.result_files import Outputs


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(*sources: Path) -> list[str]:
    return [str(recording.name) for recording in list_recordings(sources).recordings]


def folders(out: Path, *sources: Path) -> list[str]:
    return [str(task.folder.relative_to(out)) for task in plan_folders(list_recordings(sources).recordings, out)]


def test_a_folder_gives_its_recordings_at_any_depth_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    touch(tmp_path, "b.MP3", "a/z.wav", "a/c.opus", "notes.txt", "a/._c.opus", "a/noname")
    assert names(tmp_path) == ["a/c.opus", "a/z.wav", "b.MP3"]
    notice = list_recordings([tmp_path]).notice()
    assert notice
    assert "3 files" in notice
    assert str(tmp_path / "notes.txt") in notice
    assert list_recordings([tmp_path / "b.MP3"]).notice() is None


def test_files_of_earlier_results_are_no_recordings(tmp_path: Path) -> None:
    touch(tmp_path, "call.wav", "out/call/result.json", "out/call/segments/000.wav", "out/call/report.pdf")
    touch(tmp_path, "mine/segments/000.wav")
    assert names(tmp_path) == ["call.wav", "mine/segments/000.wav"]
    assert list_recordings([tmp_path]).left_out == []


def test_a_file_that_is_named_is_taken_whatever_its_name_and_once(tmp_path: Path) -> None:
    touch(tmp_path, "noname", "a/call.wav", "b/call.wav")
    sources = [
        tmp_path / "noname",
        tmp_path / "a" / "call.wav",
        tmp_path / "a" / ".." / "a" / "call.wav",
        tmp_path / "b",
    ]
    assert names(*sources) == ["noname", "call.wav", "b/call.wav"]
    assert names(tmp_path / "a" / "call.wav", tmp_path / "b" / "call.wav") == ["call.wav", "call-2.wav"]


def test_names_that_are_no_utf_8_become_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.wav")).touch()
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).touch()
    assert names(tmp_path) == ["caf\ufffd.wav"]
    (list_recordings([tmp_path]).notice() or "").encode()


def test_no_result_lies_outside_the_folder_for_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "calls/call.wav", "work/call.wav")
    monkeypatch.chdir(tmp_path / "work")
    assert names(Path("../calls"), Path()) == ["calls/call.wav", "work/call.wav"]
    assert names(Path("..")) == ["calls/call.wav", "work/call.wav"]


def test_recordings_have_folders_of_their_own_and_keep_them(tmp_path: Path) -> None:
    calls, out = tmp_path / "calls", tmp_path / "out"
    touch(calls, "call.mp3", "call.wav", "Call.ogg", "monday/call.mp3", "call-mp3.flac")
    expected = ["Call", "call-mp3", "call-mp3-2", "call-wav", "monday/call"]
    assert folders(out, calls) == expected
    (out / "Call").mkdir(parents=True)
    (out / "Call" / "result.json").write_text(json.dumps({"audio": {"filename": "Call.ogg"}}))
    assert folders(out, calls) == expected
    assert folders(out, calls / "call.mp3", calls / "call.wav")[1] == "call-wav"
    (out / "call").mkdir()
    (out / "call" / "result.json").write_text(json.dumps({"audio": {"filename": "call.wav"}}))
    assert folders(out, calls / "call.mp3", calls / "call.wav") == ["call-mp3", "call"]


def test_results_can_go_into_the_folder_of_the_recordings(tmp_path: Path) -> None:
    touch(tmp_path, "call.wav")
    assert folders(tmp_path, tmp_path) == ["call"]


def test_nothing_of_others_is_overwritten(tmp_path: Path) -> None:
    touch(tmp_path, "call.wav", "report.pdf", "out/call/heatmap.png", "out/result.json")
    for out, clash in ((tmp_path, "report.pdf"), (tmp_path / "out", "result.json")):
        text = StringIO()
        console = Console(file=text, width=500)
        with pytest.raises(typer.Exit):
            plan_tasks([tmp_path / "call.wav"], out, Outputs(report="en"), console, skip_existing=False)
        assert f"{out / clash} is there already" in text.getvalue()
    with pytest.raises(typer.Exit):
        plan_tasks([tmp_path], tmp_path / "out", Outputs(report="en"), console, skip_existing=False)
    assert plan_tasks([tmp_path], tmp_path / "out", Outputs(), console, skip_existing=False)


def test_exports_are_named_as_in_the_api_and_help_has_them_all() -> None:
    text = StringIO()
    console = Console(file=text, width=500)
    assert export_formats(console, ["srt, CSV", "csv"]) == (ExportFormat.SRT, ExportFormat.CSV)
    assert export_formats(console, ["rttm,all"]) == tuple(ExportFormat)
    assert export_formats(console, []) == ()
    with pytest.raises(typer.Exit):
        export_formats(console, ["srt,cvs"])
    assert "the nearest name is `csv`" in text.getvalue()
    options = {option.name: option for option in typer.main.get_command(app).commands["analyze"].params}  # type: ignore[attr-defined]
    assert all(name in options["export"].help for name in ExportFormat)


def test_a_folder_for_output_is_checked_before_there_is_any(tmp_path: Path) -> None:
    touch(tmp_path, "file")
    assert writable_folder(tmp_path / "new" / "folder") == tmp_path / "new" / "folder"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    with pytest.raises(typer.BadParameter, match="is a file"):
        writable_folder(tmp_path / "file" / "folder")
    with pytest.raises(typer.BadParameter, match="cannot be written to"):
        writable_folder(Path("/proc/folder"))
