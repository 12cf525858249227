"""Tables in a database of the service that note, by triggers, each claim of a segment, whether it was given back, and
each outcome recorded: in the same transaction, so that nothing is noted that did not happen, and all that did is.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from sqlalchemy import Engine, text

_SQLITE = [
    'CREATE TABLE seen_recorded (job_id TEXT, "index" INTEGER)',
    """CREATE TRIGGER seen_recorded AFTER UPDATE OF status ON segments WHEN NEW.status <> 'pending'
    BEGIN INSERT INTO seen_recorded VALUES (NEW.job_id, NEW."index"); END""",
]
_POSTGRES = [
    'CREATE TABLE public.seen_recorded (job_id TEXT, "index" INTEGER)',
    """CREATE FUNCTION public.seen_recorded() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.seen_recorded VALUES (NEW.job_id, NEW."index"); RETURN NULL; END $$""",
    """CREATE TRIGGER seen_recorded AFTER UPDATE OF status ON segments FOR EACH ROW WHEN (NEW.status <> 'pending')
    EXECUTE FUNCTION public.seen_recorded()""",
    'CREATE TABLE public.seen_attempts (job_id TEXT, "index" INTEGER, change INTEGER, at DOUBLE PRECISION)',
    """CREATE FUNCTION public.seen_attempts() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.seen_attempts
    VALUES (NEW.job_id, NEW."index", NEW.attempts - OLD.attempts, extract(epoch FROM clock_timestamp()));
    RETURN NULL; END $$""",
    """CREATE TRIGGER seen_attempts AFTER UPDATE OF attempts ON segments FOR EACH ROW
    EXECUTE FUNCTION public.seen_attempts()""",
]


def install(engine: Engine) -> None:
    """Claims are noted on Postgres alone, which has a clock of its own to tell when they were made."""
    with engine.begin() as connection:
        for statement in _POSTGRES if engine.dialect.name == "postgresql" else _SQLITE:
            connection.execute(text(statement))


def recorded(engine: Engine) -> dict[str, Counter[int]]:
    """Count how often each segment of each job was recorded."""
    counts: dict[str, Counter[int]] = {}
    with engine.connect() as connection:
        for job_id, index in connection.execute(text('SELECT job_id, "index" FROM seen_recorded')):
            counts.setdefault(job_id, Counter())[index] += 1
    return counts


def claimed(engine: Engine) -> list[list[float]]:
    """Return the times of the claims of each segment, in seconds since 1970 and in order."""
    query = text('SELECT job_id, "index", at FROM seen_attempts WHERE change > 0 ORDER BY job_id, "index", at')
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return [[row.at for row in claims] for _, claims in groupby(rows, key=lambda row: (row.job_id, row.index))]


def given_back(engine: Engine) -> int:
    """Count the segments that their claimants gave back."""
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM seen_attempts WHERE change < 0")) or 0)
