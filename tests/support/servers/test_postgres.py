from __future__ import annotations

import signal
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import psycopg
import pytest

from tests.support.servers.postgres import running_postgres
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
HOLD = """
import time
import psycopg
from tests.support.servers.postgres import running_postgres
with running_postgres() as server, psycopg.connect(server.url.render_as_string()) as connection:
    print(server.url, connection.execute("SHOW data_directory").fetchone()[0], flush=True)
    time.sleep(600)
"""


def stopped(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return True
    return False


@pytest.mark.usefixtures("postgres_server")  # left out where that is
def test_our_own_postgres_and_its_folder_are_gone_after_a_test_run_was_killed() -> None:
    with Popen([sys.executable, "-c", HOLD], stdout=PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        url, data = process.stdout.readline().split()
        assert not stopped(url)
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not Path(data).exists() and stopped(url))


@pytest.mark.usefixtures("postgres_server")  # left out where that is
def test_a_hard_restart_keeps_exactly_the_commits() -> None:
    with running_postgres() as server:
        url = server.url.render_as_string()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE words (word text)")
            connection.execute("INSERT INTO words VALUES ('committed')")
            connection.execute("BEGIN")
            connection.execute("INSERT INTO words VALUES ('half done')")
            server.restart_hard()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("COMMIT")
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT word FROM words").fetchall() == [("committed",)]
