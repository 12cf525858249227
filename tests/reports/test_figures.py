"""Every number in the sentences of a report, computed anew from its segments. Nothing here uses shared/findings."""

# ruff: noqa: RUF001  # the dashes of spans, and the sign of minus

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean

import numpy as np
import pytest

from reports.report_input import ReportInput
from reports.report_text import ReportText, write_report_text
from shared.domain.options import AggregationOptions
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import SegmentFlag, SegmentResult
from shared.domain.timeline import aggregate
from tests.support.oracle import LABELS, hear
from tests.support.report_inputs import report_input
from tests.support.segment_results import scored_as, skipped, unfamiliar

SECONDS = 1800
NEGATIVE = {"angry", "disgusted", "fearful", "sad"}
MINUTE = 60 * SAMPLE_RATE
DOUBTFUL = {"too_short", "quiet", "crosstalk", "not_speech", "unfamiliar"}
PHASE = re.compile(
    r"([\d:]+)–([\d:]+) (mostly|mixed, most often|little speech, most often)? ?(\w+)( throughout)? "
    r"\((<?\d+) % of ([\d:]+)(?: of speech)?, mean confidence (\d+) %\)"
)


def invented(seed: int) -> ReportInput:
    """Half an hour of two channels, with pauses in the segments, flags, and segments that were skipped."""
    rng = np.random.default_rng(seed)
    results: list[SegmentResult] = []
    for channel, courses in enumerate([["neutral", "happy"], ["neutral", "angry", "sad"]]):
        now = float(rng.uniform(0, 5))
        while now < SECONDS - 30:
            course = courses[int(len(courses) * now / SECONDS)]
            length = float(rng.uniform(0.5, 20))
            flags = tuple(flag for flag in SegmentFlag if flag != "unfamiliar" and rng.random() < 0.1)
            (scores,) = hear([course], 0.8, rng)
            speech = length * rng.uniform(0.5, 1)
            heard = scored_as(0, now, now + length, scores, channel, speech_s=speech, flags=flags)
            results.append(unfamiliar(heard) if rng.random() < 0.1 else heard)
            now += length + float(rng.uniform(0.1, 8))
    results.sort(key=lambda result: result.segment.start)
    for place in rng.choice(len(results), 5, replace=False).tolist():
        segment = results[place].segment
        lost = skipped(0, segment.start / SAMPLE_RATE, segment.end / SAMPLE_RATE)
        results[place] = replace(lost, segment=segment)
    results = [replace(each, segment=replace(each.segment, index=index)) for index, each in enumerate(results)]
    report = report_input(results, seconds=SECONDS)
    speech = sum(each.segment.speech for each in results) + 3 * SAMPLE_RATE  # in clicks
    options = AggregationOptions(2000, 0.0)
    result = aggregate(
        results, duration=SECONDS * SAMPLE_RATE, speech=speech, options=options, model=report.result.model
    )
    return replace(report, result=result)


def seconds(clock: str) -> int:
    total = 0
    for part in clock.split(":"):
        total = 60 * total + int(part)
    return total


def clock(samples: float) -> str:
    minutes, rest = divmod(int(samples / SAMPLE_RATE + 1e-6), 60)
    return f"{minutes:02d}:{rest:02d}"


def percent(share: float) -> str:
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"


def speech_in(results: Sequence[SegmentResult], start: float, end: float) -> Counter[str]:
    """Samples of speech by emotion within a span, as if spread evenly over each segment."""
    speech: Counter[str] = Counter()
    for result in results:
        segment = result.segment
        inside = max(0.0, min(end, segment.end) - max(start, segment.start))
        if inside:
            speech[result.outcome.emotion] += inside * segment.speech / segment.duration  # type: ignore[assignment]
    return speech


def plain(text: str) -> str:
    return re.sub("[\u2066-\u2069]", "", text).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module", params=[1, 2, 3])
def case(request: pytest.FixtureRequest) -> tuple[ReportInput, ReportText]:
    report = invented(request.param)
    return report, write_report_text(report, "en")


def channels(case: tuple[ReportInput, ReportText]) -> list[tuple[list[SegmentResult], list[str]]]:
    """The analysed segments of each channel, with its sentences."""
    report, text = case
    return [
        (
            [each for each in report.result.segments if each.ok and each.segment.channel == number],
            [plain(s) for s in section.sentences],
        )
        for number, section in enumerate(text.narrative)
    ]


def stretches(sentences: Sequence[str]) -> list[re.Match[str]]:
    return [match for match in map(PHASE.fullmatch, sentences) if match]


def test_phases(case: tuple[ReportInput, ReportText]) -> None:
    for results, sentences in channels(case):
        phases = stretches(sentences)
        assert phases
        listed = 0
        for phase in phases:
            start, end, word, emotion, throughout, share, speech, confidence = phase.groups()
            inside = [
                r
                for r in results
                if seconds(start) <= int(r.segment.start / SAMPLE_RATE)
                and int(r.segment.end / SAMPLE_RATE) <= seconds(end)
            ]
            listed += len(inside)
            by_emotion: Counter[str] = Counter()
            for result in inside:
                by_emotion[result.outcome.emotion] += result.segment.speech
            part = by_emotion[emotion] / by_emotion.total()
            assert max(by_emotion, key=by_emotion.__getitem__) == emotion
            assert (share, speech) == (percent(part), clock(by_emotion.total()))
            confidences = [r.outcome.confidence or 0 for r in inside if r.outcome.emotion == emotion]
            assert confidence == percent(fmean(confidences))
            expected = "mostly" if part > 0.5 else "mixed, most often"
            if part >= 0.95 and by_emotion.total() >= 30 * SAMPLE_RATE and fmean(confidences) >= 0.5:
                assert throughout
            else:
                assert word == ("little speech, most often" if by_emotion.total() < 10 * SAMPLE_RATE else expected)
        assert listed == len(results)


def test_changes(case: tuple[ReportInput, ReportText]) -> None:
    for results, sentences in channels(case):
        phases, changes = stretches(sentences), [s for s in sentences if s.startswith("At ")]
        assert len(changes) == len(phases) - 1
        for (before, after), sentence in zip(pairwise(phases), changes, strict=True):
            assert sentence.startswith(f"At {after[1]} ")
            means, shares = [], []
            for phase in (before, after):
                inside = [
                    r for r in results if seconds(phase[1]) <= int(r.segment.start / SAMPLE_RATE) < seconds(phase[2])
                ]
                weights = [min(1, r.segment.speech / (2 * SAMPLE_RATE)) for r in inside]
                scores = [[(r.outcome.scores or {})[label] for label in LABELS] for r in inside]
                means.append(np.average(scores, axis=0, weights=weights))
                speech = Counter[str]()
                for result in inside:
                    speech[result.outcome.emotion] += result.segment.speech
                shares.append({name: samples / speech.total() for name, samples in speech.items()})
            strength = percent(np.abs(means[1] - means[0]).sum() / 2)
            assert f": {strength} % of the score moved to other emotions." in sentence
            if growth := re.search(r"(\w+) grows from (<?\d+) % to (<?\d+) %", sentence):
                assert growth[2] == percent(shares[0].get(growth[1], 0))
                assert growth[3] == percent(shares[1].get(growth[1], 0))


def test_quarters(case: tuple[ReportInput, ReportText]) -> None:
    for results, sentences in channels(case):
        quarters = [s for s in sentences if " quarter, " in s]
        assert len(quarters) == 4
        for number, sentence in enumerate(quarters):
            quarter = SECONDS * SAMPLE_RATE / 4
            speech = speech_in(results, number * quarter, (number + 1) * quarter)
            total = sum(speech.values())
            shares = ", ".join(f"{name} {percent(samples / total)} %" for name, samples in speech.most_common(3))
            assert sentence.endswith(f": {shares} of {clock(round(total))} of speech")


def test_superlatives(case: tuple[ReportInput, ReportText]) -> None:
    for results, sentences in channels(case):
        sound = [r for r in results if r.segment.speech >= 2 * SAMPLE_RATE and not DOUBTFUL & {*r.flags}]
        told = [s for s in sentences if " at its strongest: " in s]
        best: dict[str, SegmentResult] = {}
        for result in sorted(sound, key=lambda result: result.outcome.confidence or 0):
            best[result.outcome.emotion] = result
        assert sorted(told) == sorted(
            f"{name.capitalize()} at its strongest: {clock(r.segment.start)}–{clock(r.segment.end)} "
            f"({percent(r.outcome.confidence or 0)} %)"
            for name, r in best.items()
            if name != "unknown"
        )
        unflagged = [r for r in results if not DOUBTFUL & {*r.flags}]
        starts = {at for r in unflagged for at in (r.segment.start, r.segment.end)}
        minutes = [negative_share(unflagged, at) for start in starts for at in (start, start - MINUTE) if at >= 0]
        told = [sentence for sentence in sentences if sentence.startswith("Worst minute: ")]
        assert len(told) == (max(minutes) > 0)
        for sentence in told:
            assert f" {percent(max(minutes))} % of the speech" in sentence


def negative_share(results: Sequence[SegmentResult], start: int) -> float:
    """The share of negative emotions in the speech of a minute, zero where it has under two seconds of speech."""
    spans = [(max(0, min(r.segment.end, start + MINUTE) - max(r.segment.start, start)), r) for r in results]
    inside = [(samples * r.segment.speech / r.segment.duration, r) for samples, r in spans]
    total = sum(samples for samples, _ in inside)
    negative = sum(samples for samples, r in inside if r.outcome.emotion in NEGATIVE)
    return negative / total if total >= 2 * SAMPLE_RATE else 0.0


def test_transitions(case: tuple[ReportInput, ReportText]) -> None:
    for results, sentences in channels(case):
        counts = Counter(
            (before.outcome.emotion, after.outcome.emotion)
            for before, after in pairwise(results)
            if before.outcome.emotion != after.outcome.emotion
        )
        told = re.findall(r"transition: from (\w+) to (\w+) \((\d+) times\)", " ".join(sentences))
        assert told
        for source, target, count in told:
            assert counts[source, target] == int(count)
        assert [int(count) for _, _, count in told] == [count for _, count in counts.most_common(3) if count > 1]


def test_leads(case: tuple[ReportInput, ReportText]) -> None:
    lead = plain(case[1].lead)
    for results, _ in channels(case):
        confidences: dict[str, list[float]] = defaultdict(list)
        for result in results:
            confidences[result.outcome.emotion].append(result.outcome.confidence or 0)
        emotion = max(confidences, key=lambda name: (len(confidences[name]), fmean(confidences[name])))
        speech = Counter[str]()
        for result in results:
            speech[result.outcome.emotion] += result.segment.speech
        part = speech[emotion] / speech.total()
        words = f"mostly {emotion}" if part > 0.5 else f"mixed, most often {emotion}"
        assert (
            f": {words}, {percent(part)} % of {clock(speech.total())} of speech, with a mean confidence of "
            f"{percent(fmean(confidences[emotion]))} %." in lead
        )


def test_the_time_adds_up(case: tuple[ReportInput, ReportText]) -> None:
    report, text = case
    sentence = plain(text.gaps[0])
    count, length, together, analysed, share, missed, silence = re.findall(r"[\d:]+", sentence)
    assert (count, length, seconds(together)) == ("2", "30:00", 2 * SECONDS)
    assert seconds(analysed) + seconds(missed) + seconds(silence) == 2 * SECONDS
    speech = sum(each.segment.speech for each in report.result.segments if each.ok)
    lost = sum(each.segment.speech for each in report.result.segments if not each.ok) + 3 * SAMPLE_RATE
    assert (analysed, missed, share) == (clock(speech), clock(lost), percent(speech / (speech + lost)))
