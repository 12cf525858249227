"""Database sessions whose errors during an outage become errors of the domain."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import CursorResult, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql.functions import now

from shared.db.engine import autocommit
from shared.domain.errors import DatabaseUnavailable, Outage, StorageFull
from shared.ports import Clock

_SQLITE_OUTAGES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}
"""Another process locks the file, its disk fails, or the file is damaged. Any other code would be a bug."""

_POSTGRES_OUTAGES = {"08", "40", "53", "57", "58"}
"""Classes of SQLSTATE: the connection broke, another transaction conflicts, the server lacks a resource, an operator
stops it, its machine fails. A refused or lost connection has none."""

_POSTGRES_FULL = "53100"


class Sessions:
    """A factory of sessions: `with sessions() as session` to read, `with sessions.begin() as session` for a transaction
    that is committed when the context is left.

    Both raise DatabaseUnavailable, and StorageFull where the database's disk has no room.
    """

    def __init__(self, engine: Engine) -> None:
        self._open = sessionmaker(engine, expire_on_commit=False)

    @classmethod
    def read_only(cls, engine: Engine) -> Self:
        """Return a factory of sessions that only read, each statement by itself."""
        return cls(autocommit(engine).execution_options(read_only=True))

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        """Open a session to read."""
        with _outages(), self._open() as session:
            yield session

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Open a session with a transaction."""
        with _outages(), self._open.begin() as session:
            yield session


def database_clock(engine: Engine, clock: Clock) -> Callable[[], Any]:
    """Return a function for the present time in statements, by which leases run.

    It is a server's own time, because the clocks of several machines differ, and this machine's for a SQLite file.
    """
    return now if engine.dialect.name == "postgresql" else clock.now


def affected_rows(session: Session, statement: Any) -> int:
    """Execute an UPDATE past the session's objects, and return the number of rows that it changed."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:  # every connection of the pool is in use, and none comes back
        raise DatabaseUnavailable from error
    except sqlite3.DatabaseError as error:  # SQLAlchemy leaves those of a new connection as they are
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        outage = _outage(error)
        if outage is None:
            raise
        raise outage from error


def _outage(error: DBAPIError) -> Outage | None:
    """Return the outage that an error shows, None where it shows a bug."""
    sqlite_code = getattr(error.orig, "sqlite_errorcode", None)
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlite_code == sqlite3.SQLITE_FULL or sqlstate == _POSTGRES_FULL:
        return StorageFull()
    if sqlite_code is not None:
        unavailable = sqlite_code & 0xFF in _SQLITE_OUTAGES  # the higher bits have details
    elif sqlstate is not None:
        unavailable = sqlstate[:2] in _POSTGRES_OUTAGES
    else:
        unavailable = isinstance(error, OperationalError)
    return DatabaseUnavailable() if error.connection_invalidated or unavailable else None
