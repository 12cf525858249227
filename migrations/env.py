"""Alembic's entry: runs the steps over the engine that `shared.db.engine.migrate` hands in."""

from alembic import context

from shared.db.tables import Base

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
