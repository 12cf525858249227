from __future__ import annotations

from pathlib import Path

import pytest

from evaluation import clips
from evaluation.errors import NotEvaluable


def write(folder: Path, text: str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, **only: str) -> list[clips.Clip]:
    return clips.read(folder, None, {}, {name: frozenset(value.split(",")) for name, value in only.items()})


@pytest.mark.parametrize(
    "text",
    [
        "file,emotion,speaker\na b.wav,happy,7\n",
        "\ufeffSpeaker;File;Emotion\n7;a b.wav;Happy\n;;\n\n",
        'emotion\tspeaker\tfile\n happy \t7\t"a b.wav"\r\n',
    ],
)
def test_tables_as_programs_write_them(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    [clip] = read(tmp_path)
    assert (clip.path, clip.emotion, clip.columns["speaker"]) == (tmp_path / "a b.wav", "happy", "7")


def test_a_short_line_lacks_its_last_columns(tmp_path: Path) -> None:
    write(tmp_path, "file,emotion,speaker\na.wav,happy\n")
    assert read(tmp_path)[0].columns["speaker"] == ""


def test_labels_have_the_models_names_by_the_map(tmp_path: Path) -> None:
    write(tmp_path, "file,emotion\na.wav,Boredom\nb.wav,sad\n")
    listed = clips.read(tmp_path, None, {"boredom": "other"}, {})
    assert [clip.emotion for clip in listed] == ["other", "sad"]


def test_only_some_lines(tmp_path: Path) -> None:
    write(tmp_path, "file,emotion,speaker,language\na,sad,1,de\nb,sad,2,de\nc,sad,3,en\n")
    assert [clip.file for clip in read(tmp_path, speaker="1,3", language="de")] == ["a"]


def test_the_table_is_found(tmp_path: Path) -> None:
    write(tmp_path, "file,emotion\na,sad\n", "anything.csv")
    assert read(tmp_path)[0].file == "a"
    write(tmp_path, "file,emotion\nb,sad\n", "metadata.csv")
    assert read(tmp_path)[0].file == "b"
    elsewhere = write(tmp_path, "file,emotion\nc,sad\n", "third.csv")
    assert clips.read(tmp_path, elsewhere, {}, {})[0].file == "c"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no CSV file. Put labels.csv there"),
        ({"a.csv": "file,emotion\n", "b.csv": "file,emotion\n"}, "say with --labels which one to use: a.csv, b.csv"),
        ({"labels.csv": "path,emotion\nx,sad\n"}, "lacks the column file; it has: path, emotion"),
        ({"labels.csv": ""}, "lacks the column file and the column emotion; it has: nothing"),
        ({"labels.csv": "file,emotion\n\n"}, "has no lines under its first"),
        ({"labels.csv": "file,emotion\nx,sad\n"}, "None of the 1 lines"),
    ],
)
def test_an_error_in_a_folder_is_a_sentence(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        write(tmp_path, text, name)
    with pytest.raises(NotEvaluable) as raised:
        read(tmp_path, file="another")
    assert message in str(raised.value)


def test_a_table_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes("file,emotion\nMüller.wav,sad\n".encode("latin-1"))
    with pytest.raises(NotEvaluable, match="UTF-8"):
        read(tmp_path)
