from __future__ import annotations

from pathlib import Path

import pytest

from evaluation import listener_labels
from evaluation.errors import NotEvaluable
from evaluation.listener_labels import LabelledSpan
from evaluation.timeline import count_matches, measure_errors, measure_timeline, pair_overlaps

TRUE = [LabelledSpan(0, 0, 10_000, "angry"), LabelledSpan(0, 10_000, 20_000, "sad"), LabelledSpan(1, 0, 5_000, "sad")]
LABELS = ("angry", "neutral", "sad")
TIMELINE = [(LabelledSpan(0, 2_000, 11_500, "angry"), 0.9), (LabelledSpan(0, 12_500, 30_000, "sad"), 0.6)]


def test_times_that_truth_and_timeline_share_by_channel() -> None:
    pairs = [(pair.spoken, pair.answered, pair.confidence, pair.weight) for pair in pair_overlaps(TRUE, TIMELINE)]
    assert pairs == [("angry", "angry", 0.9, 8.0), ("sad", "angry", 0.9, 1.5), ("sad", "sad", 0.6, 7.5)]


def test_coverage_and_boundaries_computed_by_hand() -> None:
    figures = measure_timeline(TRUE, TIMELINE, pair_overlaps(TRUE, TIMELINE), LABELS)
    assert (figures.truth_s, figures.covered_s, figures.outside_s) == (25.0, 17.0, 10.0)
    assert (figures.boundaries.true, figures.boundaries.answered, figures.boundaries.found) == (1, 1, 0)
    assert (
        figures.boundaries.median_ms == figures.boundaries.mean_ms == 2_000
    )  # 10 s, and the middle of 11.5 and 12.5 s


def test_a_change_that_the_timeline_lacks_has_no_distance() -> None:
    boundaries = measure_timeline(TRUE, TIMELINE[:1], [], LABELS).boundaries
    assert (boundaries.true, boundaries.answered, boundaries.found, boundaries.median_ms) == (1, 0, 0, None)


def test_neighbours_of_one_emotion_are_no_change() -> None:
    true = [
        LabelledSpan(0, 0, 1_000, "sad"),
        LabelledSpan(0, 1_000, 2_000, "sad"),
        LabelledSpan(0, 2_000, 3_000, "angry"),
    ]
    assert measure_timeline(true, [], [], LABELS).boundaries.true == 1


def test_changes_are_matched_one_to_one_and_as_many_as_can_be() -> None:
    assert count_matches([0, 1_000], [1_000, 2_000]) == 2
    assert count_matches([0, 500], [400]) == 1
    assert count_matches([0, 5_000], [1_001, 3_999.5, 5_500]) == 1
    assert count_matches([], [1]) == 0


def eder(true: list[tuple[int, int, str]], answered: list[tuple[int, int, str]]) -> tuple[float | None, ...]:
    errors = measure_errors(
        [LabelledSpan(0, *span) for span in true], [(LabelledSpan(0, *span), 1.0) for span in answered], LABELS
    )
    return errors.eder, errors.missed_s, errors.false_alarm_s, errors.overlap_s, errors.confusion_s


def test_the_example_of_the_authors_implementation_of_the_error_rate() -> None:
    """An utterance of 1.22 s, angry from 0.39 to 1.10 s; its answers for each 0.2 s: three neutral, three angry."""
    true = [(0, 390, "neutral"), (390, 1_100, "angry"), (1_100, 1_220, "neutral")]
    assert eder(true, [(0, 600, "neutral"), (600, 1_200, "angry")]) == ((0.21 + 0.1) / 1.22, 0.21, 0.1, 0, 0)


def test_each_kind_of_error_by_hand() -> None:
    true = [(0, 4_000, "angry"), (4_000, 6_000, "neutral"), (8_000, 10_000, "sad"), (10_000, 11_000, "bored")]
    answered = [(1_000, 2_000, "sad"), (2_000, 5_000, "angry"), (8_500, 9_000, "unknown"), (9_000, 11_000, "sad")]
    assert eder(true, answered) == (4 / 8, 2, 1, 0, 1)
    assert eder(true, [])[0] == 6 / 8
    assert eder([(0, 4_000, "angry")], [(0, 3_000, "angry"), (2_000, 4_000, "sad")]) == (0.5, 0, 0, 0.25 * 4, 1)
    assert eder([(0, 4_000, "bored")], [])[0] is None


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_truth_from_a_table_and_from_audacity(tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", "start_ms,end_ms,emotion\n1500,2000,Boredom\n0,1500,sad\n")
    audacity = write(tmp_path / "a.txt", "0.000000\t1.500000\tsad\n\\\t100.0\t200.0\n1.500000\t2.000000\tboredom\n")
    for path in (table, audacity):
        labels = listener_labels.read(path, {"boredom": "other"})
        assert labels.spans == (LabelledSpan(0, 0, 1_500, "sad"), LabelledSpan(0, 1_500, 2_000, "other"))
        assert not labels.by_channel


def test_channels_may_overlap(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "start_ms,end_ms,emotion,channel\n0,1500,sad,0\n1000,1500,angry,1\n")
    assert listener_labels.read(path, {}).by_channel


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "start,end,emotion\n0,1,sad\n", "lacks the column start_ms and the column end_ms"),
        ("a.csv", "start_ms,end_ms,emotion\n0,1.5 s,sad\n", "must be whole numbers"),
        ("a.csv", "start_ms,end_ms,emotion\n5,5,sad\n", "must end after it begins"),
        ("a.csv", "start_ms,end_ms,emotion\n0,10,sad\n9,20,sad\n", "begin at 0 and 9 ms overlap in channel 0"),
        ("a.txt", "0.0 1.0 sad\n", "no file of Audacity's labels"),
        ("a.txt", "0.0\tone\tsad\n", "no file of Audacity's labels"),
    ],
)
def test_an_error_in_the_labels_is_a_sentence(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(NotEvaluable) as raised:
        listener_labels.read(write(tmp_path / name, text), {})
    assert message in str(raised.value)
