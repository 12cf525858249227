"""The version of a database's schema: checked, or upgraded to the newest."""

from __future__ import annotations

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
    _refuse_unknown(_revision(engine), ScriptDirectory.from_config(config))
    command.upgrade(config, "head")


def check_schema(engine: Engine) -> None:
    """Raise DatabaseUnusable unless the schema is the newest."""
    scripts = ScriptDirectory.from_config(alembic_config(engine))
    revision, newest = _revision(engine), scripts.get_current_head()
    _refuse_unknown(revision, scripts)
    if revision != newest:
        state = f"is at version {revision}" if revision else "was never set up"
        raise DatabaseUnusable(f"The database {state}, and this Emoline needs version {newest}: run `emoline migrate`.")


def alembic_config(engine: Engine) -> Config:
    """Return Alembic's configuration for a database."""
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
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        raise DatabaseUnusable(f"The database {engine.url.render_as_string()} cannot be used: {reason}") from error
