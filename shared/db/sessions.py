"""Sessions on a database that may be away: what its driver raises then gets a name that everybody knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql.functions import now

from shared.db.engine import single_statements
from shared.domain.errors import DatabaseUnavailable, Outage, StorageFull
from shared.ports import Clock

_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
"""Another process keeps the file to itself, or the disk is not as it should be. The rest would be a fault of ours."""

_POSTGRES_AWAY = {"08", "40", "53", "57", "58"}
"""Classes of SQLSTATE: the connection broke, another transaction was in the way, the server lacks something, somebody
stops it, its machine fails. A connection that was refused or lost has none."""

_POSTGRES_FULL = "53100"


class Sessions:
    """What opens the sessions of one kind: `with sessions() as session` to look, `with sessions.begin() as session` for
    a transaction that is committed when the context is left.

    Both raise DatabaseUnavailable, and StorageFull where the database's disk has no room.
    """

    def __init__(self, engine: Engine) -> None:
        self._open = sessionmaker(engine, expire_on_commit=False)

    @classmethod
    def reading(cls, engine: Engine) -> Self:
        """Those of who only looks, a statement at a time."""
        return cls(single_statements(engine).execution_options(read_only=True))

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        with _outages(), self._open() as session:
            yield session

    @contextmanager
    def begin(self) -> Iterator[Session]:
        with _outages(), self._open.begin() as session:
            yield session


def database_clock(engine: Engine, clock: Clock) -> Callable[[], Any]:
    """The time by which leases run, for statements: a server's own, as those of several machines differ, and for a
    SQLite file that of this machine."""
    return now if engine.dialect.name == "postgresql" else clock.now


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:  # every connection of the pool is in use, and none comes back
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        outage = _outage(error)
        if outage is None:
            raise
        raise outage from error


def _outage(error: DBAPIError) -> Outage | None:
    """What an error means, if it is no fault of ours."""
    if _is_full(error.orig):
        return StorageFull()
    return DatabaseUnavailable() if error.connection_invalidated or _is_away(error) else None


def _is_full(cause: BaseException | None) -> bool:
    full = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return full or getattr(cause, "sqlstate", None) == _POSTGRES_FULL


def _is_away(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_AWAY  # the other bits say more of the same
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is not None:
        return sqlstate[:2] in _POSTGRES_AWAY
    return isinstance(error, OperationalError)
