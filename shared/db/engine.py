"""SQLAlchemy engines for SQLite and Postgres."""

from __future__ import annotations

import json
import os
import select
from contextlib import suppress
from pathlib import Path
from sqlite3 import SQLITE_BUSY, OperationalError
from typing import Any

from pydantic_core import from_json
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from shared.domain.errors import DatabaseUnavailable

_BUSY_MS = 30_000
"""The time that a SQLite connection waits for another's write; embedded writes take milliseconds."""

_POSTGRES = {
    "application_name": "emoline",
    "connect_timeout": "10",
    # A server that vanished silently is noticed within a minute, not after the system's two hours.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    # A worker that vanishes in the middle of a transaction keeps its rows locked no longer than a lease lasts.
    "options": "-c idle_in_transaction_session_timeout=30s",
}


def _parse_json(text: str | bytes) -> Any:
    """Parse the JSON of a column, in a fifth of the time of `json.loads`: a recording of a day has 50,000 of them."""
    try:
        return from_json(text)
    except ValueError:  # half of a surrogate pair, which the name of a file may have
        return json.loads(text)


_OPTIONS: dict[str, Any] = {"hide_parameters": True, "json_deserializer": _parse_json}
"""The log of a failed statement must not show the values of users, which may be URLs with secrets."""

_POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 0}
"""More threads than this wait for a free connection: to connect to the server for each request costs more than waiting.
A few processes stay within the hundred connections that Postgres allows by default."""


class DatabaseUnusable(Exception):
    """The database is of an unknown kind, cannot be reached, or has an unknown schema.

    The message is a sentence for the operator.
    """


def open_engine(url: str) -> Engine:
    """Create an engine with isolated transactions, on SQLite too. Raises DatabaseUnusable."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # its own message would show the password
        raise DatabaseUnusable("EMOLINE_DATABASE_URL is no URL like postgresql://user:password@host/name.") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed)
    if backend in ("postgresql", "postgres"):
        return _postgres(parsed)
    raise DatabaseUnusable(f"EMOLINE_DATABASE_URL must begin with postgresql:// or sqlite://, not {backend}://.")


def autocommit(engine: Engine) -> Engine:
    """Return the engine without a transaction around each statement, which saves two round trips of three to a server.

    On SQLite it is the same engine.
    """
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="AUTOCOMMIT")


def _postgres(url: URL) -> Engine:
    # Only psycopg is installed, whichever driver the URL names.
    psycopg_url = url.set(drivername="postgresql+psycopg")
    connect_args = {name: value for name, value in _POSTGRES.items() if name not in url.query}
    # The stores lock rows for READ COMMITTED; a server may have another level by default.
    options = _POOL | _OPTIONS
    engine = create_engine(psycopg_url, connect_args=connect_args, isolation_level="READ COMMITTED", **options)
    event.listen(engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Replace a connection that the server has closed: it has unread data before any statement was sent.

    A ping would find it too, but costs a round trip before every other.
    """
    waiting = select.poll()
    waiting.register(connection.pgconn.socket, select.POLLIN)
    if waiting.poll(0):
        raise InvalidatePoolError


def _sqlite(url: URL) -> Engine:
    if url.database:
        file = Path(url.database)
        with suppress(OSError):  # connecting says more
            file.parent.mkdir(0o700, parents=True, exist_ok=True)
            # SQLite's log gets the permissions of its file. One that exists must not be opened here: to close it again
            # would release the locks of this process's other connections, and the next process would delete their log.
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    engine = create_engine(url, connect_args={"timeout": _BUSY_MS / 1000}, **_POOL, **_OPTIONS)
    if url.database:
        require_file(engine, file)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def require_file(engine: Engine, file: Path) -> None:
    """Let connections of a SQLite engine raise DatabaseUnavailable once the file has been deleted or replaced.

    Open ones would go on in the deleted file, of which nothing is left afterwards, and new ones begin an empty one.
    """
    opened = identity_of(file)

    def check(*_: object) -> None:
        if opened and identity_of(file) != opened:
            raise DatabaseUnavailable("The database's file was deleted or replaced; the service must be restarted.")

    event.listen(engine, "do_connect", check)
    event.listen(engine, "checkout", check)


def identity_of(file: Path) -> tuple[int, int] | None:
    """Return the device and the number of a file, None if there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and error.sqlite_errorcode == SQLITE_BUSY


# SQLite does not wait for the lock that turns a new file to WAL, so that of several processes that start at once some
# would fail.
@retry(
    retry=retry_if_exception(_is_busy),
    wait=wait_random(0, 0.1),
    stop=stop_after_delay(_BUSY_MS / 1000),
    reraise=True,
)
def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions late, and only for writes
    # WAL with synchronous=FULL: a commit that was answered with 202 survives a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Any) -> None:
    # A transaction that reads first and writes then would fail as "locked" instead of waiting its turn.
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
