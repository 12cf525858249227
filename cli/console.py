"""Settings, logs and error exits that all commands share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    from shared.settings import Settings

_NOT_A_SETTING = {"unexpected_keyword_argument": "There is no such setting"}
"""Sentences in place of Pydantic's, by the type of its issue."""


def settings_with(**options: object) -> Settings:
    """Return the settings as `read_settings` does; variables that are no setting are warned about on stderr."""
    settings = read_settings(**options)
    warn_of_environment(Console(stderr=True))
    return settings


def warn_of_environment(console: Console) -> None:
    """Print a warning about the variables `EMOLINE_…` of the environment that are no setting."""
    if warning := environment_warning():
        console.print(warning, style="yellow", markup=False, soft_wrap=True)


def environment_warning() -> str | None:
    """Return a sentence on the variables `EMOLINE_…` of the environment that are no setting, None without any."""
    from shared.settings import unknown_variables

    return unknown_variables(os.environ)


def read_settings(**options: object) -> Settings:
    """Return the settings from the environment, overridden by the options of the command line that are not None.

    Leaves with a sentence where they are not valid.
    """
    from pydantic import ValidationError

    from shared.settings import Settings

    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = "; ".join(
            f"EMOLINE_{'__'.join(map(str, issue['loc'])).upper()}: "
            + issue["msg"]
            .removeprefix("Value error, ")
            .replace("Unexpected keyword argument", "there is no such setting")
            for issue in error.errors()
        )
        leave(Console(stderr=True), f"The settings are not valid. {wrong}.")


def log_as_set(settings: Settings, role: str) -> None:
    """Write logs to stderr in the level and format of the settings, for a process of this role.

    The first one warns about variables that are no setting.
    """
    from structlog import get_logger

    from shared.telemetry.logs import default_format, log_to_stderr

    log_to_stderr(settings.log_level, settings.log_format or default_format(), role)
    if warning := environment_warning():
        get_logger().warning(warning)


def tell(settings: Settings, console: Console, sentence: str) -> None:
    """Print a sentence, or log it where logs are JSON."""
    from structlog import get_logger

    from shared.telemetry.logs import default_format

    if (settings.log_format or default_format()) == "json":
        get_logger().info(sentence)
    else:
        console.print(sentence)


def leave(console: Console, sentence: str) -> NoReturn:
    """End the command with exit status 1 and a sentence that says why."""
    console.print(sentence, style="red", markup=False)
    raise typer.Exit(1)


@contextmanager
def leaving(console: Console) -> Iterator[None]:
    """Turn errors that stop the work on a recording into the sentence of `leave`."""
    from worker.pipeline.errors import PipelineError

    try:
        yield
    except (PipelineError, OSError) as error:
        leave(console, sentence(error))


def sentence(error: Exception) -> str:
    """Return the sentence for users on an error that stops the work on a recording."""
    from shared.domain.recording import printable
    from worker.failures import failure_of
    from worker.pipeline.errors import ModelUnavailable, PipelineError

    if isinstance(error, PipelineError) and not isinstance(error, ModelUnavailable):
        failure = failure_of(error)
        return f"{failure.message} ({failure.code})"
    return printable(str(error))
