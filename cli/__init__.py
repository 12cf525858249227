"""The command line: `emoline`. Each command imports its modules when it runs, so that `--help` is quick."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from cli import analyze, bench, check, evaluate, keys, models, service, split, submit

app = typer.Typer(help="Emotion timelines for long recordings.", no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"emoline {version('emoline-service')}")
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command()(analyze.analyze)
app.command()(split.split)
app.command()(evaluate.evaluate)
app.command()(service.serve)
app.command()(service.worker)
app.command()(submit.submit)
app.command()(service.demo)
app.command()(service.migrate)
app.command()(check.check)
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")
app.add_typer(bench.app, name="bench")
