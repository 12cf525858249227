"""kill -9 of the whole service in the middle of a job: the next start finishes it."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

from tests.support.embedded_process import FOUR_MINUTES, children_of, half_done, served
from tests.support.waiting import PATIENCE_S


def test_a_killed_service_finishes_its_jobs_by_itself_at_the_next_start(tmp_path: Path) -> None:
    with served(tmp_path) as (process, client):
        job_id = client.submit(FOUR_MINUTES)["id"]
        half_done(client, job_id)
        orphans = children_of(process.pid)
        orphans |= {grandchild for child in orphans for grandchild in children_of(child)}
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert orphans
    with served(tmp_path) as (process, client):
        job = client.ended(job_id)
        result = client.get(f"/v1/jobs/{job_id}/result").json()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert job["status"] == "succeeded"
    assert [segment["index"] for segment in result["segments"]] == list(range(job["progress"]["segments_total"]))
    assert {segment["status"] for segment in result["segments"]} == {"ok"}
    stored = {path.name for path in (tmp_path / "objects" / "jobs" / job_id / "audio" / "segments").iterdir()}
    assert not any(Path(f"/proc/{orphan}").exists() for orphan in orphans)
    with sqlite3.connect(tmp_path / "emoline.db") as database:
        counts = database.execute("SELECT count(*), count(DISTINCT start) FROM segments").fetchone()
        assert counts == (len(result["segments"]),) * 2
        assert {key.rpartition("/")[2] for (key,) in database.execute("SELECT audio_key FROM segments")} == stored
