"""Figures of speakers, checked by hand, and files of RTTM."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.errors import NotEvaluable
from evaluation.listener_labels import LabelledSpan
from evaluation.speakers import SpeakerTurn, measure_speakers, read_rttm, speaker_of

TRUE = [SpeakerTurn(0, 10, "ada"), SpeakerTurn(10, 20, "bert")]


def test_a_late_change_counts_in_each_figure() -> None:
    figures = measure_speakers(TRUE, [SpeakerTurn(0, 12, "0"), SpeakerTurn(12, 20, "1")], 20)
    assert figures.der == pytest.approx(2 / 20)
    assert figures.der_collar == pytest.approx(
        1.75 / 19
    )  # without a quarter of a second at the start, at the end, and on both sides of the change
    assert figures.jer == pytest.approx((1 - 10 / 12 + 1 - 8 / 10) / 2)
    assert figures.right == figures.found_right == pytest.approx(18 / 20)
    assert (figures.true_speakers, figures.speakers) == (2, 2)


def test_missed_speech_is_wrong_a_third_speaker_too_and_overlaps_are_of_nobody_alone() -> None:
    true = [*TRUE, SpeakerTurn(4, 6, "bert")]
    answered = [SpeakerTurn(0, 8, "0"), SpeakerTurn(10, 15, "1"), SpeakerTurn(15, 20, "2")]
    figures = measure_speakers(true, answered, 20)
    assert figures.right == pytest.approx((6 + 5) / 18)
    assert figures.found_right == pytest.approx(11 / 16)
    assert figures.der == pytest.approx((2 + 2 + 5) / 22)  # missed, the second voice of the overlap, confused
    assert figures.speakers == 3


def test_rttm_of_several_recordings_is_read_by_name(tmp_path: Path) -> None:
    path = tmp_path / "all.rttm"
    lines = ["SPEAKER one 1 0.5 2 <NA> <NA> ada <NA> <NA>", "SPEAKER two 1 1.25 0.5 <NA> <NA> bert <NA>"]
    path.write_text("\n".join(["SPKR-INFO one 1 <NA> <NA> <NA> unknown ada <NA>", *lines]), encoding="utf-8")
    assert read_rttm(path, "two") == [SpeakerTurn(1.25, 1.75, "bert")]
    with pytest.raises(NotEvaluable, match="no line SPEAKER of three; it has: one, two"):
        read_rttm(path, "three")
    path.write_text(lines[0], encoding="utf-8")
    assert read_rttm(path, "renamed") == [SpeakerTurn(0.5, 2.5, "ada")]
    path.write_text("SPEAKER one 1 early 2", encoding="utf-8")
    with pytest.raises(NotEvaluable, match="is no file of RTTM"):
        read_rttm(path, "one")


def test_a_labelled_span_is_of_who_speaks_most_of_it() -> None:
    assert speaker_of(LabelledSpan(0, 8_000, 13_000, "sad"), TRUE) == "bert"
    assert speaker_of(LabelledSpan(0, 20_000, 21_000, "sad"), TRUE) == ""
