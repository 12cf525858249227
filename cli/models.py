"""`emoline models`: the bundled and the configured model, with their labels and hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.console import leave, settings_with

if TYPE_CHECKING:
    from worker.adapters.emotion2vec.model_directory import ModelName

_BUNDLED = "mini"


def models(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list instead, for scripts.")] = False,
) -> None:
    """Show the bundled model and the one that EMOLINE_MODEL names: labels, hashes, what to know of them."""
    from worker.adapters.emotion2vec.model_directory import resolve
    from worker.pipeline.errors import ModelUnavailable

    try:
        descriptions = [_describe(resolve(name)) for name in dict.fromkeys([_BUNDLED, settings_with().model])]
    except ModelUnavailable as error:
        leave(Console(stderr=True), str(error))
    if as_json:
        Console().print_json(data=descriptions)
        return
    from rich.table import Table

    for model in descriptions:
        table = Table(show_header=False, title=str(model["name"]), title_justify="left")
        for field, value in model.items():
            if field != "name" and value:
                table.add_row(field, ", ".join(value) if isinstance(value, tuple) else str(value))
        Console().print(table)


def _describe(name: ModelName) -> dict[str, object]:
    """Return the fields of a model; a model that is still to be downloaded has only its name and a notice."""
    from dataclasses import asdict

    from worker.adapters.emotion2vec.model_directory import describe

    if name.directory is None:
        notice = "A worker downloads it when it starts; results say which it was."
        return {"name": name.name, "id": name.name, "revision": None, "sha256": None, "labels": None, "notice": notice}
    description = asdict(describe(name, name.directory))
    del description["precision"]  # depends on the device that runs the model
    return {"name": name.name, **description}
