"""`emoline adapt`: a head for labels of your own, on the frozen network of a model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.console import leave, leaving, settings_with
from cli.evaluate import Labels, parse_pairs
from cli.options import Device, Model, Precision, listed, writable_folder

if TYPE_CHECKING:
    from adaptation.hear_clips import HeardClips, LabelledSegments
    from evaluation.clips import Clip
    from shared.domain.emotion import ModelInfo
    from shared.settings import Settings
    from worker.adapters.emotion2vec.model_directory import ModelName
    from worker.pipeline_builder import Pipeline

EXAMPLES = """Examples:

emoline adapt clips --out my-head --map boredom=other

emoline adapt --corrections --out my-head --speaker customer_id

emoline analyze call.mp3 --out result --model my-head
"""

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "1")
"""The matrices are small: on a busy machine NumPy's threads wait for each other, which took 20 times as much processor
time. NumPy reads it when it is imported."""

Out = Annotated[
    Path,
    typer.Option(
        help="Folder for the head, which --model and EMOLINE_MODEL take, and its report.",
        file_okay=False,
        callback=writable_folder,
    ),
]
Source = Annotated[
    Path | None, typer.Argument(help="A folder with clips and a CSV of their labels.", exists=True, file_okay=False)
]
FromCorrections = Annotated[
    bool,
    typer.Option(
        "--corrections",
        help="Learn from the corrections in the service of the settings: EMOLINE_DATA_DIR, or EMOLINE_DATABASE_URL and "
        "EMOLINE_STORE_URL.",
    ),
]
Speaker = Annotated[
    str | None,
    typer.Option(
        help="Key of the jobs' metadata that names the speaker.", show_default="each channel of a recording is one"
    ),
]
Tenant = Annotated[
    str | None, typer.Option(help="Take the corrections of this tenant only.", show_default="all tenants")
]
LabelMap = Annotated[
    list[str] | None,
    typer.Option("--map", help="A label and what it is to be in the head, as boredom=other. May be repeated."),
]
Only = Annotated[
    list[str] | None,
    typer.Option(help="Use only lines of the CSV with one of these values, as speaker=13,16. May be repeated."),
]
Force = Annotated[bool, typer.Option("--force", help="Write the head even if it is not better beyond the interval.")]


@dataclass(frozen=True, slots=True)
class Corrected:
    """The corrections of a service as a source of labels."""

    speaker: str | None
    tenant: str | None
    label_map: Mapping[str, str]


def adapt(
    out: Out,
    source: Source = None,
    corrections: FromCorrections = False,
    speaker: Speaker = None,
    tenant: Tenant = None,
    labels: Labels = None,
    label_map: LabelMap = None,
    only: Only = None,
    force: Force = False,
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
) -> None:
    """Adapt a model to labels of your own, or to your own sound: a new head on its frozen network.

    The head is written only if it is better than the model as it is on speakers that it did not learn from, beyond the
    95 % interval of the difference. The exit status is 1 if it is not.
    """
    os.environ.setdefault(*_ONE_THREAD)
    console = Console(stderr=True)
    if (source is None) is not corrections:
        leave(console, "Name a folder of clips, or say --corrections, and not both.")
    settings = settings_with(model=model, device=device, precision=precision)
    names = {name.lower(): to.lower() for name, to in parse_pairs(console, "--map", label_map).items()}
    values = {name.lower(): frozenset(listed(text)) for name, text in parse_pairs(console, "--only", only).items()}
    with leaving(console):
        from adaptation.adapt import adapt as adapt_head
        from adaptation.errors import NotAdaptable
        from adaptation.head_directory import write_head, write_report
        from adaptation.labelled_sound import LabelledSound
        from evaluation.clips import read
        from evaluation.errors import NotEvaluable
        from shared.db.engine import DatabaseUnusable
        from shared.domain.errors import Outage

        try:
            clips = read(source, labels, names, values) if source else Corrected(speaker, tenant, names)
            collected, info, base = hear_with_model(settings, clips, console)
            source_text = (
                f"{len(collected.clips)} labelled clips of {source.resolve().name if source else 'corrections'}"
            )
            adaptation = adapt_head(LabelledSound.from_clips(collected.clips), info.labels, source_text)
        except (NotAdaptable, NotEvaluable, DatabaseUnusable, Outage) as error:
            leave(console, str(error))
        write_report(out, adaptation, collected.skipped, info.id)
        typer.echo((out / "adaptation.md").read_text(encoding="utf-8"))
        if not (adaptation.better or force):
            leave(console, f"No head was written; {out / 'adaptation.md'} has the figures. --force writes it even so.")
        write_head(out, adaptation, base)
    typer.echo(f"{out} is a model now: --model {out}, or EMOLINE_MODEL={out}.")


def hear_with_model(
    settings: Settings, source: list[Clip] | Corrected, console: Console
) -> tuple[HeardClips, ModelInfo, ModelName]:
    """Let the model of the settings hear all labelled sound; return it with the model and its place.

    Raises NotAdaptable, DatabaseUnusable, Outage, PipelineError.
    """
    from adaptation.hear_clips import hear
    from cli.terminal import progress_bar
    from worker.adapters.emotion2vec.calibration import Calibration
    from worker.adapters.emotion2vec.model_directory import resolve
    from worker.pipeline_builder import build_pipeline

    pipeline = build_pipeline(settings)
    with pipeline.model, progress_bar(console) as bar, _labelled(settings, source, pipeline) as labelled:
        task = bar.add_task("clips", total=None)
        info = pipeline.model.info
        base = resolve(settings.model, settings.models_dir)
        assert base.directory  # it runs
        calibration = Calibration.read(base.head or base.directory, info.labels)
        collected = hear(
            labelled,
            pipeline.model,
            calibration.temperature if calibration else None,
            lambda count: bar.update(task, completed=count, description=f"{count:,} clips"),
        )
    return collected, info, base


@contextmanager
def _labelled(
    settings: Settings, source: list[Clip] | Corrected, pipeline: Pipeline
) -> Iterator[Iterator[LabelledSegments]]:
    from adaptation.hear_clips import read_corrections, read_folder

    if not isinstance(source, Corrected):
        yield read_folder(source, pipeline)
        return
    from shared.adapters.local_wake_ups import LocalWakeUps
    from shared.container import build_services, open_ports

    with open_ports(settings, LocalWakeUps()) as ports:
        yield read_corrections(build_services(ports, source.tenant), source.speaker, source.label_map)
