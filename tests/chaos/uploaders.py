"""Processes that take an upload, die, and are followed by others: run as those of the fork_pool."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from shared.db.engine import open_engine
from shared.domain.upload import LASTS
from tests.chaos import lives
from tests.chaos.fork_pool import DEATHS, chosen, deaths, jobs_of, lived
from tests.chaos.lives import SOUND, World
from tests.chaos.places import Survey
from tests.support.clock import ManualClock
from tests.support.servers.postgres import DatabaseClock


def die_and_go_on(database_url: str, folder: Path, every: int) -> tuple[int, int]:
    """Do as `fork_pool.die_and_recover`: each upload becomes a job with its recording, and nothing else is left."""
    clock = ManualClock() if database_url.startswith("sqlite") else DatabaseClock(database_url)
    engine = open_engine(database_url)
    with lives.opened(engine, clock, folder) as world:
        survey, died = Survey(), 0
        lives.live(world, lives.uploaded, survey)
        _check(world)
        for death in chosen(deaths(survey), every):
            world.answer.unlink()
            before = jobs_of(engine)
            died += [lived(world, lives.uploaded, death) for _ in range(DEATHS)].count(False)
            assert lived(world, lives.uploaded, None)
            assert len(jobs_of(engine) - before) == 1, death
            _check(world)
    engine.dispose()
    return len(survey.found), died


def _check(world: World) -> None:
    uploads, jobs = world.services.uploads, world.services.jobs
    upload = uploads.get(world.answer.read_text())
    assert upload.job_id
    job = jobs.get(upload.job_id)
    with world.services.object_store.open(job.recording.source_key) as file:
        assert file.read() == SOUND
    assert world.services.object_store.sizes("uploads/") == {}
    world.services.cancellation.delete(job.id)
    assert world.services.object_store.sizes("jobs/") == {}
    world.clock.advance((3 * LASTS + timedelta(seconds=1)).total_seconds())
    world.services.sweeper.run()
    with world.engine.connect() as connection:
        for table in ("uploads", "upload_parts"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
