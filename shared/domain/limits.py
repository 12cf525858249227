"""Limits of tenants, and the remaining amounts of their quotas."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of each tenant; None is no limit."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    requests_per_s: int | None = None
    """Requests of a tenant in one second, by all of its keys together."""

    open_jobs: int | None = None
    """Jobs of a tenant that have not ended."""

    upload_bytes_per_day: int | None = None
    """Bytes that a tenant may submit in one day of UTC."""

    audio_hours_per_day: float | None = None
    """Hours of sound that a tenant may submit in one day of UTC. How long a recording is, is known when it is decoded:
    over the limit is who submits another one then."""

    queued_jobs: int | None = None
    """Jobs of all tenants together that wait to be begun; more are refused until some have been."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and value <= 0:
                raise ValueError(f"limits.{field.name} must be more than 0, not {value:g}")

    @property
    def limits_jobs(self) -> bool:
        """Whether any limit applies to the submission of jobs."""
        limits = (self.open_jobs, self.upload_bytes_per_day, self.audio_hours_per_day, self.queued_jobs)
        return any(limit is not None for limit in limits)


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Standing:
    """The remaining amount of a quota, in `unit`.

    The quota is for `window_s` seconds and is renewed in `reset_s` seconds; both are None where it does not depend on
    time.
    """

    name: str
    quota: int
    remaining: int
    unit: str
    window_s: int | None = None
    reset_s: int | None = None
