"""The entry point of Alembic: it runs the migrations on the engine of `shared.db.schema.migrate` in one transaction."""

from alembic import context
from sqlalchemy import text

from shared.db.tables import Base

_LOCK = 0x656D6F6C696E65  # "emoline"

engine = context.config.attributes["engine"]

with engine.begin() as connection:
    if connection.dialect.name == "postgresql":
        # A concurrent migration waits here, and then has nothing to do.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    context.run_migrations()
