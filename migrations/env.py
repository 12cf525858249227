"""Alembic's entry: runs the steps over the engine that `shared.db.schema.migrate` hands in, as one transaction."""

from alembic import context
from sqlalchemy import text

from shared.db.tables import Base

_LOCK = 0x656D6F6C696E65  # "emoline"

engine = context.config.attributes["engine"]

with engine.begin() as connection:
    if connection.dialect.name == "postgresql":
        # Whoever migrates at the same time waits here, and then finds nothing left to do.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    context.run_migrations()
