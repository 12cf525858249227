"""Two embedded services on one folder: they share its work, and no segment is recorded twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.db.engine import open_engine
from tests.chaos import witness
from tests.support.embedded_process import served
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like

SOUND = encoded(speech_like(20, seed=5).samples[:, None], 16_000, "flac")
CONFIG: dict[str, Any] = {"segmentation": {"max_ms": 3000, "min_ms": 1000}}


def test_two_services_on_one_folder_share_its_work(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with served(folder) as (first, one):
        engine = open_engine(f"sqlite:///{folder / 'emoline.db'}")
        witness.install(engine)
        with served(folder) as (_, other):
            ids = [client.submit(SOUND, **CONFIG)["id"] for _ in range(3) for client in (one, other)]
            jobs = [other.ended(job_id) for job_id in ids[:3]]
            first.kill()
            jobs += [other.ended(job_id) for job_id in ids[3:]]
            timelines = {str(other.get(f"/v1/jobs/{job_id}/result").json()["timeline"]) for job_id in ids}
        assert [job["status"] for job in jobs] == ["succeeded"] * len(ids)
        assert len(timelines) == 1
        recorded = witness.recorded(engine)
        assert {count for job_id in ids for count in recorded[job_id].values()} == {1}
        engine.dispose()
