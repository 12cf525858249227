"""The version of a database's schema: checked, or upgraded to the newest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

import migrations
from shared.db.engine import DatabaseUnusable
from shared.db.tables import Base

_FOLDER = str(Path(migrations.__file__).parent)


def ensure_schema(engine: Engine) -> None:
    """Upgrade the schema of a SQLite file, or check that of a server, which `emoline migrate` upgrades.

    A server's other clients may be of another version: the first to start must not change the tables under them.

    Raises:
        DatabaseUnusable: the database cannot be reached, or has another schema.
    """
    if engine.dialect.name == "sqlite":
        migrate(engine)
    else:
        check_schema(engine)


def migrate(engine: Engine) -> None:
    """Upgrade the schema to the newest version, if it is older. Several processes may do this at once.

    Raises:
        DatabaseUnusable: the database cannot be reached, or its schema is newer than this Emoline.
    """
    config = alembic_config(engine)
    tables = tables_of(engine)  # before the revision: another process may make both meanwhile
    revision = _revision(engine)
    _refuse_unknown(revision)
    if revision == _scripts().get_current_head():
        return
    if revision is None and tables & Base.metadata.tables.keys():
        raise DatabaseUnusable(f"The database {engine.url.render_as_string()} has tables of another program.")
    with refused_as_unusable(engine):
        command.upgrade(config, "head")


def check_schema(engine: Engine) -> None:
    """Raise DatabaseUnusable unless the schema is the newest."""
    revision, newest = _revision(engine), _scripts().get_current_head()
    _refuse_unknown(revision)
    if revision != newest:
        state = f"is at version {revision}" if revision else "was never set up"
        raise DatabaseUnusable(f"The database {state}, and this Emoline needs version {newest}: run `emoline migrate`.")


def alembic_config(engine: Engine) -> Config:
    """Return Alembic's configuration for a database."""
    config = Config()
    config.set_main_option("script_location", _FOLDER)
    config.attributes["engine"] = engine
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(_FOLDER)


def _refuse_unknown(revision: str | None) -> None:
    if revision and revision not in {script.revision for script in _scripts().walk_revisions()}:
        raise DatabaseUnusable(
            f"The database is at version {revision}, which this Emoline does not know: a newer one has set it up. "
            "Update this one."
        )


def tables_of(engine: Engine) -> set[str]:
    """Return the names of the tables in the database."""
    with refused_as_unusable(engine):
        return set(inspect(engine).get_table_names())


@contextmanager
def refused_as_unusable(engine: Engine) -> Iterator[None]:
    """Raise DatabaseUnusable in place of errors of a database that is away, damaged, read-only, or no database."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        reason = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
        raise DatabaseUnusable(
            f"The database {engine.url.render_as_string()} cannot be used: {reason.rstrip('.')}."
        ) from error


def _revision(engine: Engine) -> str | None:
    with refused_as_unusable(engine), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()
