"""An evaluation from its files to its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluation import clips, listener_labels, timeline
from evaluation.clip_scorer import Ear, Heard
from evaluation.clips import Clip
from evaluation.errors import NotEvaluable
from evaluation.figures import GROUPS, Measured, Pair, measure, unknown
from evaluation.listener_labels import Truth
from evaluation.robustness import ConditionFigures, OnStep, hear_distorted, robustness
from evaluation.timeline import TimelineFigures
from shared.domain.emotion import ModelInfo
from shared.domain.options import JobOptions, SegmentationOptions
from shared.domain.recording import to_ms
from worker.container import Pipeline
from worker.offline.analyze import Analysis, analyze


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of clips, or a long recording, and what is said of it: `labels` is the file that tells the emotions,
    found by itself in a folder; `label_map` gives the model's names of labels; `only` is for clips."""

    path: Path
    labels: Path | None = None
    label_map: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A clip, or a segment of a long recording, that has no answer, and why: the code of a failure, `missing_file` or
    `no_speech`."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model said of the clips of a folder; `distorted` has pairs by condition, of labels that it knows."""

    model: ModelInfo
    listed: int
    skipped: Sequence[Skipped]
    pairs: Sequence[Pair]
    distorted: Mapping[str, Sequence[Pair]]


@dataclass(frozen=True, slots=True)
class Report:
    """`listed` counts clips or true stretches; weights are in clips, or seconds where there is a `timeline`.

    `unknown_labels` are spoken labels that the model does not know, and the weights of what it answered to them.
    """

    source: Source
    model: ModelInfo
    segmentation: SegmentationOptions
    listed: int
    skipped: Sequence[Skipped]
    unknown_labels: Mapping[str, Mapping[str, float]]
    measured: Measured
    timeline: TimelineFigures | None = None
    robustness: Sequence[ConditionFigures] = ()


def evaluate_folder(
    source: Source, pipeline: Pipeline, segmentation: SegmentationOptions, on_step: OnStep, *, robust: bool = False
) -> Report:
    """Raises NotEvaluable, ModelUnavailable."""
    units = _units(_listed(source))
    answered = answer_folder(source, pipeline, segmentation, on_step, units=units, robust=robust)
    if not answered.pairs:
        raise NotEvaluable(_nothing_heard(source.path, answered.skipped))
    return folder_report(source, segmentation, [answered], units)


def answer_folder(
    source: Source,
    pipeline: Pipeline,
    segmentation: SegmentationOptions,
    on_step: OnStep,
    *,
    units: str,
    robust: bool,
) -> Answered:
    """Raises NotEvaluable, ModelUnavailable."""
    ear = Ear(pipeline, segmentation)
    labels = pipeline.model.info.labels
    heard = list(_heard(_listed(source), ear, on_step))
    answered = [(clip.path, _pair(clip, each, units)) for clip, each in heard if each.scores]
    known = [(path, pair) for path, pair in answered if pair.spoken in labels]
    return Answered(
        pipeline.model.info,
        listed=len(heard),
        skipped=[Skipped(clip.file, each.reason) for clip, each in heard if each.reason],
        pairs=[pair for _, pair in answered],
        distorted=hear_distorted(known, ear, on_step) if robust else {},
    )


def folder_report(
    source: Source, segmentation: SegmentationOptions, answered: Sequence[Answered], units: str
) -> Report:
    """Of one model that answered all clips, or of several with the same labels that answered a part each."""
    model = answered[0].model
    pairs = [pair for part in answered for pair in part.pairs]
    names = answered[0].distorted
    distorted = {name: [pair for part in answered for pair in part.distorted[name]] for name in names}
    return Report(
        source,
        model,
        segmentation,
        listed=sum(part.listed for part in answered),
        skipped=[skipped for part in answered for skipped in part.skipped],
        unknown_labels=unknown(pairs, model.labels),
        measured=measure([pair for pair in pairs if pair.spoken in model.labels], model.labels, units),
        robustness=robustness(distorted, model.labels),
    )


def evaluate_recording(
    source: Source, pipeline: Pipeline, segmentation: SegmentationOptions, on_step: OnStep
) -> Report:
    """Raises NotEvaluable, PipelineError."""
    true = listener_labels.read(_truth_file(source), source.label_map)
    options = JobOptions(channels="split" if true.by_channel else "mix", segmentation=segmentation)

    def on_progress(decoded: int, declared: int | None, segments: int) -> None:
        on_step(f"{segments} segments", decoded, declared)

    analysis = analyze(source.path, pipeline, options, source.path.parent, on_progress, save_segments=False)
    _check(source.path, true, analysis)
    entries = timeline.stretches(analysis.result.timeline)
    pairs = list(timeline.overlaps(true.stretches, entries))
    labels = pipeline.model.info.labels
    return Report(
        source,
        pipeline.model.info,
        segmentation,
        listed=len(true.stretches),
        skipped=_skipped_segments(analysis),
        unknown_labels=unknown(pairs, labels),
        measured=measure([pair for pair in pairs if pair.spoken in labels], labels, "stretches"),
        timeline=timeline.figures(true.stretches, entries, pairs),
    )


def _listed(source: Source) -> list[Clip]:
    return clips.read(source.path, source.labels, source.label_map, source.only)


def _heard(listed: Sequence[Clip], ear: Ear, on_step: OnStep) -> Iterator[tuple[Clip, Heard]]:
    for number, clip in enumerate(listed):
        on_step("clips", number, len(listed))
        yield clip, ear.hear(clip.path)


def _nothing_heard(folder: Path, skipped: Sequence[Skipped]) -> str:
    reasons = Counter(each.reason for each in skipped).most_common()
    counted = ", ".join(f"{count} {reason}" for reason, count in reasons)
    return (
        f"None of the {len(skipped)} clips gave an answer: {counted}. The column file is read from {folder} on; the "
        f"first clip would be {folder / skipped[0].file}."
    )


def _units(listed: Sequence[Clip]) -> str:
    """Clips of one speaker are alike: where all have one, and there are two or more, the speakers are drawn."""
    speakers = {clip.columns.get("speaker", "") for clip in listed}
    return "speakers" if len(speakers) > 1 and all(speakers) else "clips"


def _pair(clip: Clip, heard: Heard, units: str) -> Pair:
    groups = {name: clip.columns[name] for name in GROUPS if clip.columns.get(name)}
    return Pair.of_clip(clip.emotion, heard.scores, groups["speaker"] if units == "speakers" else clip.file, groups)


def _truth_file(source: Source) -> Path:
    path = source.labels or source.path.with_suffix(".csv")
    if not path.is_file():
        raise NotEvaluable(
            f"There is no {path}, which would say when which emotion is heard in {source.path.name}. Name with "
            "--labels a CSV with the columns start_ms, end_ms and emotion, and channel if there are two, or a file of "
            "Audacity's labels (.txt)."
        )
    return path


def _check(path: Path, true: Truth, analysis: Analysis) -> None:
    channels = analysis.recording.channels or 1
    beyond = [stretch.channel for stretch in true.stretches if not 0 <= stretch.channel < channels]
    if beyond:
        raise NotEvaluable(
            f"The truth tells of channel {beyond[0]}, and {path.name} has {channels}. Channels are counted from 0."
        )


def _skipped_segments(analysis: Analysis) -> list[Skipped]:
    return [
        Skipped(f"segment {each.segment.index} at {to_ms(each.segment.start)} ms", each.outcome.reason)
        for each in analysis.result.segments
        if each.outcome.reason
    ]
