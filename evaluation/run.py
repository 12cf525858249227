"""Evaluations of a folder of clips and of a long recording, from files to a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from evaluation import clips, listener_labels
from evaluation.answers import ClipAnswer
from evaluation.clip_scorer import ClipScorer
from evaluation.clips import Clip
from evaluation.errors import NotEvaluable
from evaluation.figures import GROUPS, LabelPair, Measurements, count_unknown_labels, measure
from evaluation.robustness import ConditionFigures, OnStep, measure_robustness, score_distorted
from evaluation.speakers import SpeakerFigures, SpeakerTurn, measure_speakers, read_rttm, speaker_of
from evaluation.timeline import TimelineFigures, measure_timeline, pair_overlaps, timeline_spans
from shared.domain.emotion import ModelInfo
from shared.domain.options import JobOptions, SegmentationOptions, SpeakerOption
from shared.domain.recording import SAMPLE_RATE, to_ms
from worker.offline.analyze import Analysis, analyze
from worker.pipeline_builder import Pipeline


@dataclass(frozen=True, slots=True)
class EvaluationSource:
    """A folder of clips or a long recording, with its labels.

    `labels` is the file of the labels; by default it is searched for in the folder or beside the recording. `label_map`
    has the model's label for labels of the file. `only` selects clips by the values of their columns. `emotions` are
    the ones that the model may answer, None for all. `rttm` is a file of the true speakers of a recording in one
    channel, who are told apart as `speakers` says; None if they are not.
    """

    path: Path
    labels: Path | None = None
    label_map: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    emotions: tuple[str, ...] | None = None
    rttm: Path | None = None
    speakers: SpeakerOption = "auto"

    def restricted(self, model: ModelInfo) -> ModelInfo:
        """Return the model with the labels that it may answer."""
        return (
            model
            if self.emotions is None
            else replace(model, labels=tuple(filter(self.emotions.__contains__, model.labels)))
        )

    def read_clips(self) -> list[Clip]:
        """Read the clips of a folder. Raises NotEvaluable."""
        return clips.read(self.path, self.labels, self.label_map, self.only)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A clip, or a segment of a long recording, without an answer.

    `reason` is the code of a failure, `missing_file` or `no_speech`.
    """

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class FolderAnswers:
    """The answers of a model to the clips of a folder.

    `listed` counts the clips of the table. `distorted` has pairs by condition, of labels that the model knows; it is
    empty if robustness is not measured.
    """

    model: ModelInfo
    listed: int
    skipped: Sequence[Skipped]
    pairs: Sequence[LabelPair]
    answers: Sequence[ClipAnswer]
    distorted: Mapping[str, Sequence[LabelPair]]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The report of an evaluation; its fields are the keys of `report.json`, but `answers` are `answers.csv`.

    `listed` counts clips, or labelled spans. Weights are in clips, or in seconds if there is a `timeline`.
    `unknown_labels` has, by spoken label that the model does not know, the weights of the answers.
    """

    source: EvaluationSource
    model: ModelInfo
    segmentation: SegmentationOptions
    listed: int
    skipped: Sequence[Skipped]
    unknown_labels: Mapping[str, Mapping[str, float]]
    measured: Measurements
    timeline: TimelineFigures | None = None
    robustness: Sequence[ConditionFigures] = ()
    answers: Sequence[ClipAnswer] = ()
    speakers: SpeakerFigures | None = None


def evaluate_folder(
    source: EvaluationSource,
    pipeline: Pipeline,
    segmentation: SegmentationOptions,
    on_step: OnStep,
    *,
    robust: bool = False,
) -> EvaluationReport:
    """Evaluate a folder of clips; `robust` adds the clips under each condition.

    The intervals are drawn from speakers if all clips have one and there are two or more, otherwise from clips: clips
    of one speaker resemble each other. Raises NotEvaluable, ModelUnavailable.
    """
    speakers = {clip.columns.get("speaker", "") for clip in source.read_clips()}
    units = "speakers" if len(speakers) > 1 and all(speakers) else "clips"
    answers = answer_folder(source, pipeline, segmentation, on_step, units=units, robust=robust)
    if not answers.pairs:
        counts = Counter(skipped.reason for skipped in answers.skipped).most_common()
        reasons = ", ".join(f"{count} {reason}" for reason, count in counts)
        raise NotEvaluable(
            f"None of the {len(answers.skipped)} clips gave an answer: {reasons}. The column file is read from "
            f"{source.path} on; the first clip would be {source.path / answers.skipped[0].file}."
        )
    return folder_report(source, segmentation, [answers], units)


def answer_folder(
    source: EvaluationSource,
    pipeline: Pipeline,
    segmentation: SegmentationOptions,
    on_step: OnStep,
    *,
    units: str,
    robust: bool,
) -> FolderAnswers:
    """Score the clips of a folder. Raises NotEvaluable, ModelUnavailable."""
    scorer = ClipScorer(pipeline, segmentation, source.emotions)
    model = source.restricted(pipeline.model.info)
    listed = source.read_clips()
    skipped: list[Skipped] = []
    answers: list[ClipAnswer] = []
    answered: list[tuple[Path, LabelPair]] = []
    for number, clip in enumerate(listed):
        on_step("clips", number, len(listed))
        clip_scores = scorer.score(clip.path)
        answers.append(ClipAnswer(clip, clip_scores))
        if clip_scores.reason:
            skipped.append(Skipped(clip.file, clip_scores.reason))
        if clip_scores.scores:
            groups = {name: clip.columns[name] for name in GROUPS if clip.columns.get(name)}
            unit = groups["speaker"] if units == "speakers" else clip.file
            pair = LabelPair.from_clip_scores(clip.emotion, clip_scores, unit, groups)
            answered.append((clip.path, pair))
    recorded = [(path, pair) for path, pair in answered if pair.spoken in model.labels]
    return FolderAnswers(
        model,
        listed=len(listed),
        skipped=skipped,
        pairs=[pair for _, pair in answered],
        answers=answers,
        distorted=score_distorted(recorded, scorer, on_step) if robust else {},
    )


def folder_report(
    source: EvaluationSource, segmentation: SegmentationOptions, parts: Sequence[FolderAnswers], units: str
) -> EvaluationReport:
    """Report the answers of one model to all clips, or of several with the same labels to a part of the clips each.

    Raises NotEvaluable.
    """
    model = parts[0].model
    pairs = [pair for part in parts for pair in part.pairs]
    distorted = {name: [pair for part in parts for pair in part.distorted[name]] for name in parts[0].distorted}
    return EvaluationReport(
        source,
        model,
        segmentation,
        listed=sum(part.listed for part in parts),
        skipped=[skipped for part in parts for skipped in part.skipped],
        unknown_labels=count_unknown_labels(pairs, model.labels),
        measured=measure([pair for pair in pairs if pair.spoken in model.labels], model.labels, units),
        robustness=measure_robustness(distorted, model.labels),
        answers=[answer for part in parts for answer in part.answers],
    )


def evaluate_recording(
    source: EvaluationSource, pipeline: Pipeline, segmentation: SegmentationOptions, on_step: OnStep
) -> EvaluationReport:
    """Evaluate the timeline of a long recording. Raises NotEvaluable, PipelineError."""
    true = listener_labels.read(_find_labels(source), source.label_map)
    turns = read_rttm(source.rttm, source.path.stem) if source.rttm else []
    if turns and true.by_channel:
        raise NotEvaluable("RTTM is of recordings in one channel: leave the column channel out of the labels.")
    mode: Literal["split", "mix"] = "split" if true.by_channel else "mix"
    options = JobOptions(
        channels=mode,
        segmentation=segmentation,
        emotions=source.emotions,
        speakers=source.speakers if turns else "off",
    )

    def on_progress(decoded: int, declared: int | None, segments: int) -> None:
        on_step(f"{segments} segments", decoded, declared)

    analysis = analyze(source.path, pipeline, options, source.path.parent, on_progress, save_segments=False)
    channels = analysis.recording.channels or 1
    beyond = [span.channel for span in true.spans if not 0 <= span.channel < channels]
    if beyond:
        raise NotEvaluable(
            f"The truth tells of channel {beyond[0]}, and {source.path.name} has {channels}. Channels are counted "
            "from 0."
        )
    # The channel of an entry is its speaker where speakers are told apart.
    timeline = [replace(entry, channel=0) for entry in analysis.result.timeline] if turns else analysis.result.timeline
    entries = timeline_spans(timeline)
    pairs = list(pair_overlaps(true.spans, entries))
    if turns:
        speakers = [speaker_of(span, turns) for span in true.spans]
        pairs = [replace(pair, groups={"speaker": speakers[int(pair.unit)]}) for pair in pairs]
    model = source.restricted(pipeline.model.info)
    labels = model.labels
    return EvaluationReport(
        source,
        model,
        segmentation,
        listed=len(true.spans),
        skipped=[
            Skipped(f"segment {each.segment.index} at {to_ms(each.segment.start)} ms", each.outcome.reason)
            for each in analysis.result.segments
            if each.outcome.reason
        ],
        unknown_labels=count_unknown_labels(pairs, labels),
        measured=measure([pair for pair in pairs if pair.spoken in labels], labels, "stretches"),
        timeline=measure_timeline(true.spans, entries, pairs, labels),
        speakers=measure_speakers(turns, _answered_turns(analysis), analysis.waveform.end / SAMPLE_RATE)
        if turns
        else None,
    )


def _answered_turns(analysis: Analysis) -> list[SpeakerTurn]:
    segments = (each.segment for each in analysis.result.segments)
    return [
        SpeakerTurn(segment.start / SAMPLE_RATE, segment.end / SAMPLE_RATE, str(segment.channel))
        for segment in segments
    ]


def _find_labels(source: EvaluationSource) -> Path:
    path = source.labels or source.path.with_suffix(".csv")
    if not path.is_file():
        raise NotEvaluable(
            f"There is no {path}, which would say when which emotion is heard in {source.path.name}. Name with "
            "--labels a CSV with the columns start_ms, end_ms and emotion, and channel if there are two, or a file of "
            "Audacity's labels (.txt)."
        )
    return path
