"""The set of odd and broken files has the properties that other tests rely on."""

from pathlib import Path

import pytest

from tests.support.media.broken import BrokenFile, broken_files, cases, place_canary
from tests.support.media.case import MUST_SUCCEED, NEVER_SUCCEEDS

MAX_BYTES, MAX_LARGE_BYTES = 200_000, 25_000_000
KINDS = {
    "clean", "signal", "foreign", "playlist", "name", "extension", "wav_header", "container", "bomb",
    "cut", "flip", "zeroed", "removed", "doubled", "reference", "lie", "flood", "large",
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[BrokenFile]:
    return list(broken_files(tmp_path_factory.mktemp("broken")))


def test_all_kinds_are_there_and_each_file_is_as_small_as_it_should_be(files: list[BrokenFile]) -> None:
    assert {file.kind for file in files} == KINDS
    assert len({file.path for file in files}) == len(files) > 350
    for file in files:
        assert file.path.stat().st_size <= (MAX_LARGE_BYTES if file.kind == "large" else MAX_BYTES), file.name


def test_playlists_never_succeed_and_clean_files_must(files: list[BrokenFile]) -> None:
    assert {file.acceptable for file in files if file.kind == "playlist"} == {NEVER_SUCCEEDS}
    assert {file.acceptable for file in files if file.kind in ("clean", "extension")} == {MUST_SUCCEED}


def test_playlists_point_at_the_canary(files: list[BrokenFile]) -> None:
    lists = [file.path for file in files if file.kind == "playlist"]
    canary = str(lists[0].parent.resolve() / "canary.")
    assert sum(canary in path.read_text(errors="replace") for path in lists) > 25


def test_the_same_bytes_in_another_run(files: list[BrokenFile], tmp_path: Path) -> None:
    kinds = ("clean", "zeroed", "bomb")
    rewritten = broken_files(tmp_path, kinds=kinds)
    for first, second in zip((file for file in files if file.kind in kinds), rewritten, strict=True):
        assert first.path.read_bytes() == second.path.read_bytes(), first.name


def test_files_are_made_one_at_a_time(tmp_path: Path) -> None:
    next(broken_files(tmp_path, place_canary(tmp_path)))
    assert len(list(tmp_path.iterdir())) == 3  # the canary's two files and the first one


def test_only_the_kinds_asked_for(tmp_path: Path) -> None:
    expected = [case.name for case in cases(place_canary(tmp_path)) if case.kind == "bomb"]
    assert [file.name for file in broken_files(tmp_path, kinds=["bomb"])] == expected
