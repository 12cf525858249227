"""The command line: `emoline`. Each command imports its modules when it runs, so that `--help` is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import adapt, analyze, bench, check, evaluate, keys, models, service, split, submit
from shared.version import VERSION

app = typer.Typer(
    help="Emotion timelines for long recordings. Start with `emoline analyze FILE --out DIR`, or with `emoline serve` "
    "for the service and its page.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_OFFLINE, _SERVICE, _TOOLS = "Without a server", "The service", "Models and measurements"


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"emoline {VERSION}")
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command(rich_help_panel=_OFFLINE, epilog=analyze.EXAMPLES)(analyze.analyze)
app.command(rich_help_panel=_OFFLINE, epilog=split.EXAMPLES)(split.split)
app.command(rich_help_panel=_SERVICE, epilog=service.EXAMPLES)(service.serve)
app.command(rich_help_panel=_SERVICE)(service.worker)
app.command(rich_help_panel=_SERVICE, epilog=submit.EXAMPLES)(submit.submit)
app.command(rich_help_panel=_SERVICE)(service.demo)
app.command(rich_help_panel=_SERVICE)(service.migrate)
app.command(rich_help_panel=_SERVICE)(check.check)
app.add_typer(keys.app, name="keys", rich_help_panel=_SERVICE)
app.add_typer(models.app, name="models", rich_help_panel=_TOOLS)
app.command(rich_help_panel=_TOOLS, epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command(rich_help_panel=_TOOLS, epilog=adapt.EXAMPLES)(adapt.adapt)
app.add_typer(bench.app, name="bench", rich_help_panel=_TOOLS)
