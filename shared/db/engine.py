"""An SQLAlchemy engine for a URL: SQLite or Postgres."""

from __future__ import annotations

import select
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError

_BUSY_MS = 30_000
"""How long a SQLite connection waits for another's write; embedded writes take milliseconds."""

_POSTGRES = {
    "application_name": "emoline",
    "connect_timeout": "10",
    # A server that vanished without a word is noticed within a minute, not after the system's two hours.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    # A worker that vanishes in the middle of a transaction keeps its rows locked no longer than a lease lasts.
    "options": "-c idle_in_transaction_session_timeout=30s",
}

_HIDDEN: dict[str, Any] = {"hide_parameters": True}
"""What users say of their jobs, URLs with secrets in them too, is not for the log when a statement fails."""

_POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 0}
"""More threads than this wait for a connection to come free: one to the server that is made and closed for each request
costs more than any wait. A few processes stay within the hundred connections that Postgres allows by default."""


class DatabaseUnusable(Exception):
    """The database is of no kind that Emoline knows, cannot be reached, or has a schema that it does not know.

    The message is a sentence for whoever runs Emoline.
    """


def open_engine(url: str) -> Engine:
    """An engine whose transactions see each other's writes whole, on SQLite too. Raises DatabaseUnusable."""
    parsed = _parsed(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed)
    if backend in ("postgresql", "postgres"):
        return _postgres(parsed)
    raise DatabaseUnusable(f"EMOLINE_DATABASE_URL must begin with postgresql:// or sqlite://, not {backend}://.")


def single_statements(engine: Engine) -> Engine:
    """The same engine for who needs no transaction around its statements: on a server that saves two round trips of
    three. A SQLite file is as before."""
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="AUTOCOMMIT")


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:  # its own message would show the password
        raise DatabaseUnusable("EMOLINE_DATABASE_URL is no URL like postgresql://user:password@host/name.") from error


def _postgres(url: URL) -> Engine:
    # Whatever driver a URL names or leaves open, psycopg is the one that is installed.
    own = url.set(drivername="postgresql+psycopg")
    connect_args = {name: value for name, value in _POSTGRES.items() if name not in url.query}
    # The store locks rows as READ COMMITTED needs it; a server may have another level by default.
    engine = create_engine(own, connect_args=connect_args, isolation_level="READ COMMITTED", **_POOL, **_HIDDEN)
    event.listen(engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Has connections that the server has closed replaced. What it says to one that asked nothing is goodbye.

    A ping would find those too, but it is a round trip before every other.
    """
    waiting = select.poll()
    waiting.register(connection.pgconn.socket, select.POLLIN)
    if waiting.poll(0):
        raise InvalidatePoolError


def _sqlite(url: URL) -> Engine:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_MS / 1000}, **_POOL, **_HIDDEN)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions late, and only for writes
    # WAL with synchronous=FULL: a commit that was answered with 202 survives a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Any) -> None:
    # A transaction that reads first and writes then would fail as "locked" instead of waiting its turn.
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
