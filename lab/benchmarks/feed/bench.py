"""The feed benchmark: how busy the infer stage keeps a fast device, and how much a slow store slows preparing down."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, cast

import numpy as np
from rich.table import Table

from lab.benchmarks.feed.device import DEVICE, RATE
from lab.benchmarks.feed.slow_store import SlowStore
from lab.benchmarks.machine import Machine
from lab.benchmarks.processes import run_together
from lab.benchmarks.rounds import OnStep, seconds
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, build_services, open_ports, open_services
from shared.db.engine import open_engine
from shared.db.schema import migrate
from shared.domain.job import JobState
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE
from shared.domain.segment import Segment
from shared.ports import ObjectStore, StoredSegment
from shared.settings import Settings
from tests.support.servers.postgres import running_postgres
from worker.container import prepare_work
from worker.pipeline.cut_placement import Cut, CutReason
from worker.pipeline.prepare import Clip
from worker.pipeline_builder import build_decoder
from worker.stages.store_clips import ClipWriter

_SEGMENT = 8 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Store:
    """A store by its name and the milliseconds of a read and of a write beside the disk's."""

    name: str
    read_ms: float
    write_ms: float


STORES = (Store("local folder", 0, 0), Store("15 ms to read, 30 to write", 15, 30), Store("100 ms", 100, 100))


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """The parameters of a run: `jobs` of `segments` of 8 s each, and a device of `rate` seconds of sound per second."""

    jobs: int = 20
    segments: int = 800
    rate: float = 8000
    processes: int = 2
    stores: Sequence[Store] = STORES


@dataclass(frozen=True, slots=True)
class Feed:
    """The figures of one run: CPU seconds and requests to the store are those of the feeding processes."""

    store: str
    processes: int
    audio_s_per_s: float
    busy: float
    cpu_s_per_hour: float
    requests_per_hour: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class FeedReport:
    """All figures."""

    machine: Machine
    plan: FeedPlan
    feeds: list[Feed]
    prepare_ratio: float

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        head = {"benchmark": "feed", "date": datetime.now(UTC).isoformat(timespec="seconds")}
        return head | asdict(self)

    def table(self) -> Table:
        """Return a table for the terminal."""
        table = Table(
            "store",
            "feeders",
            "audio s/s",
            "busy",
            "CPU s/h",
            "requests/h",
            "MB",
            title=f"A device of {self.plan.rate:.0f} audio s per s, Postgres. {self.machine}.",
            caption=(
                f"Preparing over the store of 15 and 30 ms takes {self.prepare_ratio:.2f} times as long as over the "
                "local folder. CPU seconds and requests of the feeding processes are for an hour of audio; MB is the "
                "most that one of them took."
            ),
        )
        for feed in self.feeds:
            table.add_row(
                feed.store,
                str(feed.processes),
                f"{feed.audio_s_per_s:.0f}",
                f"{feed.busy:.0%}",
                f"{feed.cpu_s_per_hour:.2f}",
                f"{feed.requests_per_hour:.0f}",
                f"{feed.peak_bytes / 1e6:.0f}",
            )
        return table


def measure(plan: FeedPlan, recording: Path, on_step: OnStep) -> FeedReport:
    """Run the benchmark."""
    feeds: list[Feed] = []
    with TemporaryDirectory(prefix="emoline-bench-") as name, running_postgres(durable=True) as postgres:
        url = postgres.url.render_as_string(hide_password=False)
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        for store in plan.stores:
            for processes in range(1, plan.processes + 1):
                on_step(f"{store.name}, {processes} processes", len(feeds), len(plan.stores) * plan.processes)
                settings = Settings(data_dir=Path(name), database_url=url)
                with open_services(settings, LocalWakeUps()) as services:
                    _add_jobs(services, plan)
                feeds.append(_feed(plan, store, processes, settings))
    on_step("preparing", 0, None)
    return FeedReport(Machine.current(), plan, feeds, _prepare_ratio(recording))


def _feed(plan: FeedPlan, store: Store, processes: int, settings: Settings) -> Feed:
    """Run feeding processes until no segment is left."""
    figures, took_s = run_feeders(settings, store, processes, plan.rate)
    audio_s = plan.jobs * plan.segments * _SEGMENT / SAMPLE_RATE
    return Feed(
        store.name,
        processes,
        audio_s / took_s,
        audio_s / plan.rate / took_s,
        sum(figure["cpu_s"] for figure in figures) * 3600 / audio_s,
        sum(sum(figure["requests"].values()) for figure in figures) * 3600 / audio_s,
        max(figure["peak_bytes"] for figure in figures),
    )


def run_feeders(settings: Settings, store: Store, processes: int, rate: float) -> tuple[list[dict[str, Any]], float]:
    """Run feeding processes until no segment is left; return the figures of each and the seconds that they took.

    They share a device of `rate` seconds of sound per second.
    """
    device = settings.data_dir / "device"
    device.touch()
    module, url = "lab.benchmarks.feed.worker", str(settings.database_url)
    command = [sys.executable, "-m", module, str(settings.data_dir), url, str(store.read_ms), str(store.write_ms)]
    figures, took_s = run_together(command, processes, {RATE: str(rate), DEVICE: str(device)})
    return figures, took_s


def _add_jobs(services: Services, plan: FeedPlan) -> None:
    """Add jobs whose segments wait. All of them have the same sound, so that the disk's cache holds it."""
    stored = _store_sound(services, plan.segments)
    for _ in range(plan.jobs):
        with services.submission.begin() as upload:
            upload.write(b"RIFF\x24\x00\x00\x00WAVEfmt ")
            upload.commit("call.wav", JobOptions())
        claim = services.ports.work_queue.claim_preparation()
        assert claim
        job = claim.job.to(JobState.INFERRING, services.clock.now())
        services.ports.work_queue.save(claim, job, add=stored)


def _store_sound(services: Services, count: int) -> Sequence[StoredSegment]:
    random = np.random.default_rng(0)
    envelope = np.abs(np.sin(np.arange(_SEGMENT) / 2000)) * 3000
    sounds = [(random.normal(size=_SEGMENT) * envelope).astype(np.int16) for _ in range(8)]
    with ClipWriter(services.object_store, "sound") as writer:
        for index in range(count):
            start = index * _SEGMENT
            segment = Segment(index, 0, start, start + _SEGMENT, _SEGMENT)
            writer.add(Clip(segment, sounds[index % len(sounds)], Cut(CutReason.END_OF_TALK)))
        return writer.finish()


def _prepare_ratio(recording: Path) -> float:
    """The time to prepare a recording over a slow store, over that with the local folder; the least of three each."""
    store = STORES[1]
    times = [[_prepare_s(recording, store), _prepare_s(recording, STORES[0])] for _ in range(3)]
    slow, local = map(min, zip(*times, strict=True))
    return float(slow / local)


def _prepare_s(recording: Path, store: Store) -> float:
    with (
        TemporaryDirectory(prefix="emoline-bench-") as name,
        open_ports(Settings(data_dir=Path(name)), LocalWakeUps()) as ports,
    ):
        slow = SlowStore(ports.object_store, store.read_ms, store.write_ms)
        services = build_services(replace(ports, object_store=cast(ObjectStore, slow)))
        with services.submission.begin() as upload:
            upload.write(recording.read_bytes())
            upload.commit(recording.name, JobOptions())
        work = prepare_work(services, build_decoder(ports.settings), Event())
        return seconds(work.run_once)
