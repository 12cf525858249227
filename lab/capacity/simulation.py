"""A day of the service: how many machines it needs, how long jobs wait, and which resource is at its limit first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

import numpy as np

from lab.capacity.arrivals import DAY_S, Arrivals, Floats, arrivals_of_a_day
from lab.capacity.constants import Constants
from lab.capacity.queues import first_come_first_served, shared_evenly

_SEGMENT_S = 10.0
"""Seconds of sound of a first segment."""
_FIRST_SEGMENT_S = 0.3
"""Seconds of decoding before the first segment is stored; measured by `emoline bench segment`."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Numbers that were not measured here."""

    gpu_rate: float = 8000.0
    """Seconds of sound per second that one GPU scores."""
    gpu_busy: float = 0.85
    """Share of the time that two feeding processes keep it busy; measured by `emoline bench feed`."""
    claim_s: float = 2560.0
    """Seconds of sound in a claim for such a GPU."""
    full_at: float = 0.7
    """Utilisation in the busiest hour for which machines are counted."""
    postgres_cores: float = 16.0
    """Cores of the largest machine for Postgres."""
    wal_bytes_per_s: float = 100e6
    """Bytes that Postgres can log, send to a replica and archive."""
    database_bytes: float = 2e12
    """Size beyond which a backup, its restoration and a migration take too long."""
    deletions_per_s: float = 60.0
    """Jobs that the sweep deletes where the store takes 60 ms for one; measured by hand."""
    store_writes_per_s: float = 3500.0
    store_reads_per_s: float = 5500.0
    """Requests that S3 promises for a prefix before it divides it."""
    dead_share: float = 0.2
    """Dead rows before autovacuum removes them, by default a fifth of the table."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from the arrival, of half the jobs and of 99 of 100."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Floats) -> Waits:
        p50, p99 = np.percentile(seconds, [50, 99])
        return cls(float(p50), float(p99))


@dataclass(frozen=True, slots=True)
class Machines:
    """Machines of a deployment. Cores of feeding and finishing are beside those for preparing."""

    prepare_cores: int
    feed_cores: int
    finish_cores: int
    gpus: int


@dataclass(frozen=True, slots=True)
class Load:
    """The load in the busiest hour, per second, and what a day leaves behind."""

    jobs: float
    audio_s: float
    claims: float
    postgres_cores: float
    wal_bytes: float
    store_writes: float
    store_reads: float
    store_bytes: float
    """Bytes read and written."""
    database_bytes_per_day: float
    object_bytes_per_day: float


@dataclass(frozen=True, slots=True)
class Day:
    """A simulated day. `limits` has the share of each limit that the busiest hour uses, the highest first.

    The share of the database's size is that of a hundred days, because nothing is deleted by default. Deletions are as
    many as jobs, as in a deployment whose retention has been in force for long.
    """

    audio_hours: float
    jobs: int
    machines: Machines
    load: Load
    first_segment: Waits
    end: Waits
    most_waiting: int
    """Jobs under way or waiting at the worst moment."""
    late_s: float
    """Seconds after midnight until the last job of the day ends."""
    limits: dict[str, float]

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        return asdict(self)


def machines_for(arrivals: Arrivals, constants: Constants, assumptions: Assumptions) -> Machines:
    """Return the machines that the busiest hour keeps busy for the share `full_at` of the time."""
    jobs, hours = arrivals.busiest_hour()
    usage = constants.usage(jobs, hours)

    def units(seconds: float) -> int:
        return max(1, ceil(seconds / 3600 / assumptions.full_at))

    return Machines(
        units(usage.prepare_cpu_s),
        units(usage.feed_cpu_s),
        units(usage.finish_cpu_s),
        units(hours * 3600 / (assumptions.gpu_rate * assumptions.gpu_busy)),
    )


def load_of(arrivals: Arrivals, constants: Constants, assumptions: Assumptions) -> Load:
    """Return the load of the busiest hour."""
    jobs, hours = arrivals.busiest_hour()
    usage = constants.usage(jobs, hours)
    day = constants.usage(len(arrivals.times), float(arrivals.hours.sum()))
    return Load(
        jobs=jobs / 3600,
        audio_s=hours,
        claims=hours / assumptions.claim_s,
        postgres_cores=usage.postgres_cpu_s / 3600,
        wal_bytes=usage.wal_bytes / 3600,
        store_writes=usage.writes / 3600,
        store_reads=usage.reads / 3600,
        store_bytes=(usage.read_bytes + usage.written_bytes) / 3600,
        database_bytes_per_day=(day.table_bytes + day.index_bytes) * (1 + assumptions.dead_share),
        object_bytes_per_day=day.object_bytes,
    )


def simulate(audio_hours: float, constants: Constants, assumptions: Assumptions, seed: int = 0) -> Day:
    """Simulate a day with about `audio_hours`, on as many machines as its busiest hour needs.

    A job is prepared by one core, the oldest first; then the GPUs are shared evenly by the jobs under way, as claims
    do it. Its first segment is scored while the rest is prepared, its other segments when all are prepared, which is a
    little late: in the service they overlap. One Postgres slows everything down when its cores are busy.
    """
    arrivals = arrivals_of_a_day(audio_hours, seed)
    machines = machines_for(arrivals, constants, assumptions)
    load = load_of(arrivals, constants, assumptions)
    one = constants.per_job.prepare_cpu_s, constants.per_hour.prepare_cpu_s
    service_s = one[0] + one[1] * arrivals.hours
    starts = first_come_first_served(arrivals.times, service_s, machines.prepare_cores)
    capacity = machines.gpus * assumptions.gpu_rate * assumptions.gpu_busy
    slowdown = max(1.0, load.postgres_cores / assumptions.postgres_cores)
    ends, firsts = shared_evenly(
        starts + service_s, arrivals.hours * 3600, starts + _FIRST_SEGMENT_S, _SEGMENT_S, capacity / slowdown
    )
    limits = {
        "Postgres CPU": load.postgres_cores / assumptions.postgres_cores,
        "Postgres WAL": load.wal_bytes / assumptions.wal_bytes_per_s,
        "database size after 100 days": 100 * load.database_bytes_per_day / assumptions.database_bytes,
        "deletions by retention": len(arrivals.times) / DAY_S / assumptions.deletions_per_s,
        "store writes": load.store_writes / assumptions.store_writes_per_s,
        "store reads": load.store_reads / assumptions.store_reads_per_s,
    }
    return Day(
        audio_hours=float(arrivals.hours.sum()),
        jobs=len(arrivals.times),
        machines=machines,
        load=load,
        first_segment=Waits.of(firsts - arrivals.times),
        end=Waits.of(ends - arrivals.times),
        most_waiting=_most_at_once(arrivals.times, ends),
        late_s=max(0.0, float(ends.max()) - DAY_S),
        limits=dict(sorted(limits.items(), key=lambda item: -item[1])),
    )


def _most_at_once(begins: Floats, ends: Floats) -> int:
    """Return the largest number of intervals that overlap."""
    moments = np.concatenate([begins, ends])
    steps = np.concatenate([np.ones(len(begins)), -np.ones(len(ends))])
    return int(steps[np.argsort(moments, kind="stable")].cumsum().max())
