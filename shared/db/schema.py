"""The schema of a database: brought to the newest version, or looked at before anything is done with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

import migrations
from shared.db.engine import DatabaseUnusable


def ensure_schema(engine: Engine) -> None:
    """Brings a SQLite file to the newest schema; the database of a server must have it already, by `emoline migrate`.

    A server's other clients may be of another version: what starts first must not change the tables under them.

    Raises:
        DatabaseUnusable: it cannot be reached, or its schema is another.
    """
    if engine.dialect.name == "sqlite":
        migrate(engine)
    else:
        check_schema(engine)


def migrate(engine: Engine) -> None:
    """Brings the schema to the newest version; nothing happens where it is there already.

    Several processes may do this at once.

    Raises:
        DatabaseUnusable: it cannot be reached, or its schema is newer than any that this Emoline knows.
    """
    config = alembic_config(engine)
    _refuse_unknown(_revision(engine), ScriptDirectory.from_config(config))
    command.upgrade(config, "head")


def check_schema(engine: Engine) -> None:
    """Does nothing where the schema is the newest. Raises DatabaseUnusable."""
    scripts = ScriptDirectory.from_config(alembic_config(engine))
    found, newest = _revision(engine), scripts.get_current_head()
    _refuse_unknown(found, scripts)
    if found != newest:
        has = f"is at version {found}" if found else "was never set up"
        raise DatabaseUnusable(f"The database {has}, and this Emoline needs version {newest}: run `emoline migrate`.")


def alembic_config(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["engine"] = engine
    return config


def _refuse_unknown(revision: str | None, scripts: ScriptDirectory) -> None:
    if revision and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseUnusable(
            f"The database is at version {revision}, which this Emoline does not know: a newer one has set it up. "
            "Update this one."
        )


def _revision(engine: Engine) -> str | None:
    with _reached(engine), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _reached(engine: Engine) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        raise DatabaseUnusable(f"The database {engine.url.render_as_string()} cannot be used: {reason}") from error
