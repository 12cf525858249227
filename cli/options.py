"""Options that several commands share."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from functools import wraps
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import typer
from rich.console import Console

from cli.console import leave
from shared.domain.options import SegmentationOptions

if TYPE_CHECKING:
    from shared.domain.options import JobOptions, SpeakerOption
    from shared.settings import Settings

SAMPLE = Path(__file__).parents[1] / "samples" / "call.opus"

File = Annotated[Path, typer.Argument(help="Audio or video file.", metavar="FILE", exists=True, dir_okay=False)]
Model = Annotated[
    str | None,
    typer.Option(
        help="mini (bundled, for demonstrations), a model directory, iic/emotion2vec_plus_large (from ModelScope) or "
        "hf:emotion2vec/emotion2vec_plus_large (from Hugging Face).",
        show_default="EMOLINE_MODEL, else mini",
        rich_help_panel="Model",
    ),
]
Device = Annotated[
    Literal["cpu", "cuda"] | None,
    typer.Option(help="Device of the model.", show_default="EMOLINE_DEVICE, else cpu", rich_help_panel="Model"),
]
Precision = Annotated[
    Literal["auto", "fp32", "bf16", "fp16"] | None,
    typer.Option(
        help="Number format of the model's matrix products. auto is the fastest that the device computes well.",
        show_default="EMOLINE_PRECISION, else auto",
        rich_help_panel="Model",
    ),
]
Channels = Annotated[
    Literal["auto", "mix", "split"],
    typer.Option(
        help="split analyses each channel by itself, mix their mean; auto splits where the voices differ.",
        rich_help_panel="Channels",
    ),
]
Roles = Annotated[
    str,
    typer.Option(
        help="Names of channel 0 and channel 1, as agent,customer.", show_default="none", rich_help_panel="Channels"
    ),
]
Analyse = Annotated[
    str,
    typer.Option(
        help="Channels to analyse, by role or number, with commas between.",
        show_default="all",
        rich_help_panel="Channels",
    ),
]
Raw = Annotated[
    str,
    typer.Option(
        help="How to read a file without a header: codec, Hz, channels, as alaw, s16le:16000 or s16le:16000:2. Names "
        "such as call.al, call.ul, call.sln and call.gsm say it themselves.",
        show_default="by its name",
        rich_help_panel="Channels",
    ),
]

Emotions = Annotated[
    str,
    typer.Option(
        help="Emotions that count, with commas between, as angry,neutral,sad; the others are left out before the "
        "scores are made.",
        show_default="all of the model",
        rich_help_panel="Model",
    ),
]

Purpose = Annotated[
    str | None,
    typer.Option(help="What the analysis is for; kept in the result.", show_default="none", rich_help_panel="Purpose"),
]
LegalBasis = Annotated[
    str | None,
    typer.Option(
        help="What allows it, such as a consent; kept in the result.", show_default="none", rich_help_panel="Purpose"
    ),
]
Speakers = Annotated[
    str | None,
    typer.Option(
        help="Tell the speakers of a recording of one channel apart: off, auto, their number, or a range as 2-4.",
        show_default="EMOLINE_SPEAKERS, else off",
        rich_help_panel="Channels",
    ),
]

_SEGMENTATION_HELP = {
    "max_ms": "Longest segment, 3000 to 25000 ms.",
    "min_ms": "Shortest piece of talk without a long pause, where possible, 500 to 12000 ms.",
    "min_silence_ms": "Shortest pause, 100 to 800 ms.",
    "preferred_silence_ms": "Shortest pause for a cut, unless there is no other way, 100 to 2000 ms.",
    "max_silence_ms": "Longest pause inside a segment; longer ones are not analysed, 200 to 2000 ms.",
    "margin_ms": "Sound kept before and after speech, 0 to 400 ms.",
    "silence_db": "Level under which there is silence, -60 to -20 dBFS. It is lowered for quiet recordings.",
    "strict": "Keep --silence-db as it is, also for quiet recordings.",
    "vad": "Detector of voices; silero is slower, and better in music and noise.",
}


def writable_folder(folder: Path | None) -> Path | None:
    """Check that files can be written into a folder, which need not be there yet. Raises BadParameter.

    A file is made and deleted: permissions alone say little of network drives, containers and root.
    """
    if folder is None:
        return None
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.exists(path))
    if not existing.is_dir():
        raise typer.BadParameter(f"{existing} is a file, so no folder can be made there.")
    try:
        with TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise typer.BadParameter(f"{existing} cannot be written to: {error.strerror}.") from None
    return folder


def takes_segmentation(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each field of `SegmentationOptions` to a command.

    The command gets the options that are set as a dict, `segmentation`.
    """

    @wraps(command)
    def run(**arguments: Any) -> None:
        options = {name: arguments.pop(name) for name in _SEGMENTATION_HELP}
        command(**arguments, segmentation={name: value for name, value in options.items() if value is not None})

    types = get_type_hints(SegmentationOptions)
    parameters = [
        parameter
        for parameter in inspect.signature(command, eval_str=True).parameters.values()
        if parameter.name != "segmentation"
    ]
    parameters += [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                types[field.name] | None,
                typer.Option(
                    help=_SEGMENTATION_HELP[field.name], show_default=str(field.default), rich_help_panel="Segmentation"
                ),
            ],
        )
        for field in fields(SegmentationOptions)
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def job_options(aggregation: Mapping[str, Any] | None = None, **options: Any) -> JobOptions:
    """Build `JobOptions`, of which `raw` is given as a text; leave with a sentence where they make no sense."""
    from shared.domain.options import AggregationOptions, JobOptions
    from shared.domain.raw_sound import RawSound

    try:
        raw = RawSound.parse(options.pop("raw")) if options.get("raw") else None
        return JobOptions(aggregation=AggregationOptions(**(aggregation or {})), **options | {"raw": raw})
    except ValueError as error:
        leave(Console(stderr=True), f"The options are not valid: {error}.")


def check_emotions(names: Iterable[str], labels: Collection[str]) -> None:
    """Leave with a sentence where a name is no label of the model."""
    from shared.domain.emotion import unknown_emotion

    if problem := unknown_emotion(names, labels):
        leave(Console(stderr=True), f"--emotions: {problem}.")


def check_policy(settings: Settings, options: JobOptions) -> None:
    """Leave with a sentence where options break the policy of the settings, as those of requests without a key."""
    from shared.domain.errors import PurposeMissing, RoleBarred
    from shared.domain.job import DEFAULT_TENANT

    try:
        settings.policy(DEFAULT_TENANT).check(options)
    except (PurposeMissing, RoleBarred) as error:
        leave(Console(stderr=True), str(error))


def speakers_option(text: str) -> SpeakerOption:
    """Return the option that a text means: off, auto, a number, or a range as 2-4; leave with a sentence otherwise."""
    from shared.domain.options import SpeakerRange

    least, dash, most = text.partition("-")
    if text in ("off", "auto"):
        return "off" if text == "off" else "auto"
    if not (least.isdecimal() and (most.isdecimal() or not dash)):
        leave(Console(stderr=True), f"--speakers must be off, auto, a number or a range as 2-4, not {text!r}.")
    try:
        return SpeakerRange(int(least), int(most)) if dash else int(least)
    except ValueError as error:
        leave(Console(stderr=True), f"The options are not valid: {error}.")


def listed(text: str) -> tuple[str, ...]:
    """Return the parts of a list with commas."""
    return tuple(part.strip() for part in text.split(",")) if text else ()


def channels_listed(text: str, roles: tuple[str, ...]) -> tuple[int | str, ...] | None:
    """Return the channels of a list with commas: numbers as int, roles as str, or None where the list is empty.

    A number that is also a role is the role.
    """
    channels = (int(part) if part.isdecimal() and part not in roles else part for part in listed(text))
    return tuple(channels) or None
