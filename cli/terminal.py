"""Output in the terminal: progress bars and the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from shared.domain.recording import SAMPLE_RATE, clock, to_ms

if TYPE_CHECKING:
    from emoline.models import JobDocument
    from emoline.models import ResultDocument as ClientResult
    from emoline.models import TrackDocument as ClientTrack
    from shared.schemas.recording import TrackDocument
    from shared.schemas.result import ResultDocument
    from worker.offline.split import Split

_COLOURS = {
    "angry": "red",
    "disgusted": "green",
    "fearful": "magenta",
    "happy": "yellow",
    "neutral": "white",
    "other": "cyan",
    "sad": "blue",
    "surprised": "bright_yellow",
}
_QUANTITIES = {
    "throughout": "{emotion} throughout",
    "mostly": "mostly {emotion}",
    "mixed": "mixed, most often {emotion}",
    "little": "little speech, most often {emotion}",
}
_BAR = 24
_CHANNELS = "LR"


def progress_bar(console: Console) -> Progress:
    """Return a progress bar with percentage, elapsed and remaining time."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def show_progress(bar: Progress, task: TaskID, job: JobDocument, name: str = "") -> None:
    """Move a bar to a job's progress."""
    progress = job.progress
    where = f"{job.stage or job.status} {progress.segments_done}/{progress.segments_total} segments"
    bar.update(task, completed=progress.percent, description=f"{escape(name)}: {where}" if name else where)


def count_segments(number: int) -> str:
    """Return a number of segments in words."""
    return "1 segment" if number == 1 else f"{number} segments"


def print_result(result: ResultDocument | ClientResult, console: Console) -> None:
    """Print the timeline as a table with bars, the dominant emotion, the coverage and the warnings."""
    if result.timeline:
        console.print(timeline_table(result))
    if result.dominant:
        for summary in result.summary.by_channel:
            main = summary.dominant
            several = len(result.summary.by_channel) > 1
            words = _QUANTITIES[main.quantity].format(emotion=main.emotion)
            if several:
                words = f"{escape(summary.role or _CHANNELS[summary.channel])}: {words}"
            console.print(
                f"{words[:1].upper()}{words[1:]}, {main.share:.0%} of {clock(main.speech_ms)} of speech, "
                f"mean confidence {main.confidence:.0%}."
            )
    else:
        console.print("No speech was found in this recording.")
    console.print(
        f"{count_segments(len(result.segments))}; {clock(result.coverage.analysed_ms)} of "
        f"{clock(result.coverage.speech_ms)} of speech analysed, in a recording of "
        f"{clock(result.audio.duration_ms or 0)}."
    )
    if result.coverage.not_speech_ms:
        console.print(f"{clock(result.coverage.not_speech_ms)} of tones or noise, which are no voice, were left out.")
    skipped = sum(segment.status == "skipped" for segment in result.segments)
    if skipped:
        console.print(f"[yellow]{count_segments(skipped)} could not be analysed; result.json says why.[/]")
    if result.audio.tracks:
        console.print(f"Sound tracks: {'; '.join(map(describe_track, result.audio.tracks))}.")
    if result.audio.warnings:
        console.print(f"[yellow]Warnings: {', '.join(result.audio.warnings)}[/]")
    if result.model and result.model.notice:
        console.print(f"[dim]{escape(result.model.id)}: {escape(result.model.notice)}[/]")


def describe_track(track: TrackDocument | ClientTrack) -> str:
    """Describe a sound track in a line: its number, title, language and codec, and whether it is silent or analysed."""
    length = "" if track.duration_ms is None else clock(track.duration_ms)
    states = ("silent" if track.silent else "", "analysed" if track.analysed else "")
    parts = (track.title, track.language, track.codec, length, *states)
    return escape(f"{track.number}: {', '.join(part for part in parts if part)}")


def print_split(split: Split, console: Console) -> None:
    """Print the number and length of the segments, the speech and the warnings."""
    duration = clock(to_ms(split.duration))
    if split.segments:
        longest = max(piece.segment.duration for piece in split.segments) / SAMPLE_RATE
        inside = sum(piece.cut.reason == "no_pause" for piece in split.segments)
        console.print(f"Segments: {len(split.segments)}, the longest of {longest:.1f} s. Cuts inside speech: {inside}.")
        console.print(f"{clock(to_ms(split.speech))} of speech in a recording of {duration}.")
    else:
        console.print(f"No speech was found in this recording of {duration}.")
    if split.warnings:
        console.print(f"[yellow]Warnings: {', '.join(split.warnings)}[/]")


def timeline_table(result: ResultDocument | ClientResult) -> Table:
    """Return the timeline with a bar for each entry's confidence."""
    split = bool(result.speakers) or (result.audio.channel_mode == "split" and (result.audio.channels or 0) > 1)
    table = Table(title=escape(result.audio.filename), title_justify="left")
    table.add_column("from")
    table.add_column("to")
    if split:
        table.add_column("speaker" if result.speakers else "channel")
    table.add_column("emotion")
    table.add_column("confidence")
    for entry in result.timeline:
        colour = _COLOURS.get(entry.emotion, "white")
        bar = f"[{colour}]{'█' * round(entry.confidence * _BAR):<{_BAR}}[/] {entry.confidence:4.0%}"
        channel = [escape(entry.role or _CHANNELS[entry.channel])] if split else []
        table.add_row(clock(entry.start_ms), clock(entry.end_ms), *channel, f"[{colour}]{entry.emotion}[/]", bar)
    return table
