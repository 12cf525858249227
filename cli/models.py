"""`emoline models`: which models there are here, and by which figures one knows them again."""

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
        found = [_about(resolve(name)) for name in dict.fromkeys([_BUNDLED, settings_with().model])]
    except ModelUnavailable as error:
        leave(Console(stderr=True), str(error))
    if as_json:
        Console().print_json(data=found)
    else:
        _show(found)


def _about(name: ModelName) -> dict[str, object]:
    """What there is to say of a model; of one that is still to be downloaded only its name."""
    from dataclasses import asdict

    from worker.adapters.emotion2vec.model_directory import describe

    if name.directory is None:
        notice = "A worker downloads it when it starts; results say which it was."
        return {"name": name.name, "id": name.name, "revision": None, "sha256": None, "labels": None, "notice": notice}
    about = asdict(describe(name, name.directory))
    del about["precision"]  # the device's affair
    return {"name": name.name, **about}


def _show(found: list[dict[str, object]]) -> None:
    from rich.table import Table

    for model in found:
        table = Table(show_header=False, title=str(model["name"]), title_justify="left")
        for field, value in model.items():
            if field != "name" and value:
                table.add_row(field, ", ".join(value) if isinstance(value, tuple) else str(value))
        Console().print(table)
