"""The constants of the capacity model, as `emoline bench capacity` measures them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter

MEASURED = Path(__file__).with_name("constants.json")
"""The measurement that comes with the checkout."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources that jobs use from the upload to the result. Rows are of all tables, bytes without dead rows."""

    decode_cpu_s: float
    cut_cpu_s: float
    """Finding speech, cutting, encoding FLAC and storing it."""
    feed_cpu_s: float
    """Claiming segments, loading and decoding FLAC, passing it to the model's process, and recording; not the model."""
    finish_cpu_s: float
    postgres_cpu_s: float
    rows: float
    table_bytes: float
    index_bytes: float
    wal_bytes: float
    objects: float
    object_bytes: float
    reads: float
    writes: float
    """Requests to the object store."""
    read_bytes: float
    written_bytes: float

    @classmethod
    def combined(cls, *parts: tuple[float, Usage]) -> Self:
        """Return the sum of usages, each multiplied by its factor."""
        return cls(
            **{field.name: sum(factor * getattr(usage, field.name) for factor, usage in parts) for field in fields(cls)}
        )

    def at_least_zero(self) -> Self:
        """Return the usage with zero in place of negative numbers, which are noise."""
        return type(self)(**{field.name: max(0.0, getattr(self, field.name)) for field in fields(self)})

    @property
    def prepare_cpu_s(self) -> float:
        """CPU seconds of the prepare stage, decoder included."""
        return self.decode_cpu_s + self.cut_cpu_s


@dataclass(frozen=True, slots=True)
class ClaimRate:
    """Claims, renewals and records of several processes on one Postgres while segments wait.

    A claim is for `budget_s` of audio. CPU milliseconds are those of a claim, its renewal and its record together.
    """

    waiting: int
    jobs: int
    tenants: int
    budget_s: int
    processes: int
    claims_per_s: float
    segments_per_claim: float
    jobs_per_claim: float
    claim_ms: float
    renew_ms: float
    record_ms: float
    postgres_cpu_ms: float
    client_cpu_ms: float


@dataclass(frozen=True, slots=True)
class Constants:
    """Usage that each job adds whatever its length, usage of each audio hour, and the rates of claims."""

    date: str
    machine: str
    per_job: Usage
    per_hour: Usage
    claims: list[ClaimRate]

    @classmethod
    def load(cls, path: Path = MEASURED) -> Self:
        """Read the JSON document of `emoline bench capacity`. Raises ValueError where it is none."""
        constants: Self = TypeAdapter(cls).validate_json(path.read_bytes())
        return constants

    def usage(self, jobs: float, hours: float) -> Usage:
        """Return the usage of a number of jobs with some audio hours in all."""
        return Usage.combined((jobs, self.per_job), (hours, self.per_hour))
