"""Jobs as their owner sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.alert import Alert, Part
from shared.domain.facts import ChannelFacts
from shared.domain.failure import FailureCode
from shared.domain.job import Job, JobStatus, SegmentCounts, progress
from shared.domain.options import TEN_YEARS_S, JobOptions
from shared.domain.recording import to_ms
from shared.domain.timeline import Coverage
from shared.domain.urls import without_query
from shared.ports import Queue
from shared.schemas.document import Document
from shared.schemas.facts import FactsDocument
from shared.schemas.recording import AudioDocument, CoverageDocument, ModelDocument

Seconds = Annotated[int | None, Field(ge=0, le=TEN_YEARS_S, strict=True)]

_EXAMPLE_LINK = "/v1/jobs/job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77"
_EXAMPLE: dict[str, Any] = {
    "id": "job_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77",
    "batch_id": None,
    "status": "processing",
    "stage": "inferring",
    "waits_for": None,
    "progress": {"segments_total": 312, "segments_done": 120, "segments_skipped": 0, "percent": 38.1, "eta_s": 44},
    "audio": {
        "filename": "call.mp3",
        "size_bytes": 14403271,
        "sha256": "9f2c1e0a4b7d5c3e8f6a1b2c3d4e5f60718293a4b5c6d7e8f9010203040506a7",
        "url": None,
        "duration_ms": 3600000,
        "channels": 2,
        "sample_rate": 8000,
        "codec": "mp3",
        "channel_mode": "split",
        "tracks": [],
        "warnings": [],
    },
    "coverage": {"speech_ms": 2604630, "analysed_ms": 1001780, "not_speech_ms": 6020},
    "config": {"channels": "auto", "metadata": {"case": "7"}},
    "model": None,
    "dominant": None,
    "error": None,
    "alerts": [],
    "created_at": "2026-11-22T09:00:00Z",
    "started_at": "2026-11-22T09:00:01Z",
    "finished_at": None,
    "expires_at": None,
    "links": {
        "self": _EXAMPLE_LINK,
        "result": f"{_EXAMPLE_LINK}/result",
        "timeline": f"{_EXAMPLE_LINK}/timeline",
        "segments": f"{_EXAMPLE_LINK}/segments",
        "curve": f"{_EXAMPLE_LINK}/curve",
        "frames": f"{_EXAMPLE_LINK}/frames",
        "waveform": f"{_EXAMPLE_LINK}/waveform",
        "heatmap": f"{_EXAMPLE_LINK}/heatmap.png",
        "embeddings": None,
        "report_pdf": f"{_EXAMPLE_LINK}/report.pdf",
        "report_html": f"{_EXAMPLE_LINK}/report.html",
    },
}


class ProgressDocument(Document):
    segments_total: int = Field(examples=[312])
    """Segments found so far; it grows while the recording is being decoded."""
    segments_done: int = Field(examples=[120])
    segments_skipped: int = Field(examples=[0])
    percent: float = Field(examples=[38.1])
    eta_s: int | None = Field(examples=[44])
    """Seconds until it is done, as far as one can tell."""

    @classmethod
    def from_job(cls, job: Job, counts: SegmentCounts, now: datetime) -> Self:
        share = progress(job, counts)
        eta_s = None
        if job.started_at and not job.state.terminal and share > 0:
            eta_s = round((now.astimezone(UTC) - job.started_at).total_seconds() * (1 - share) / share)
        return cls(
            segments_total=counts.total,
            segments_done=counts.processed,
            segments_skipped=counts.skipped,
            percent=round(100 * share, 1),
            eta_s=eta_s,
        )


class ErrorDocument(Document):
    code: FailureCode
    message: str = Field(examples=["The file has no sound track."])
    retryable: bool = Field(examples=[False])


class AlertDocument(Document):
    """A rule of the config that the recording has met."""

    name: str = Field(examples=["upset customer"])
    emotions: list[str] = Field(examples=[["angry"]])
    channel: int | str | None = Field(examples=["customer"])
    part: Part
    at_least_ms: int = Field(examples=[20000])
    above_usual: float | None = Field(examples=[None])
    heard_ms: int = Field(examples=[31200])
    """How long the emotions were heard in all."""
    start_ms: int = Field(examples=[754000])
    """Where the first segment begins in which they were heard."""
    heard_in: int | None = Field(examples=[1])
    """The number of the channel in which they were heard, the one with most where several meet the rule; null for
    alerts of 0.2.0, which took all channels together."""

    @classmethod
    def from_alert(cls, alert: Alert) -> Self:
        rule = alert.rule
        return cls(
            name=rule.name,
            emotions=list(rule.emotions),
            channel=rule.channel,
            part=rule.part,
            at_least_ms=rule.at_least_ms,
            above_usual=rule.above_usual,
            heard_ms=to_ms(alert.heard),
            start_ms=to_ms(alert.start),
            heard_in=alert.heard_in,
        )


class LinksDocument(Document):
    self: str
    result: str
    timeline: str
    segments: str
    curve: str
    frames: str
    waveform: str
    heatmap: str
    embeddings: str | None
    """Null unless the job's config asks for them."""
    report_pdf: str
    report_html: str


class JobDocument(Document):
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    batch_id: str | None
    """The batch that it was submitted with, if any."""
    status: JobStatus
    stage: Literal["preparing", "inferring", "finishing"] | None
    waits_for: Queue | None
    """The kind of worker that it waits for, where none of that kind answers: one has to be started, or its model be
    loaded. Always null where the service does all work in one process."""
    progress: ProgressDocument
    audio: AudioDocument
    coverage: CoverageDocument
    config: JobOptions
    model: ModelDocument | None
    """The model that was used; null until it is."""
    dominant: str | None
    """The emotion that most segments carry; null until the job has succeeded, and where no speech was found."""
    error: ErrorDocument | None
    alerts: list[AlertDocument]
    """The alerts of the config that were raised; none until the job has succeeded."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    """When the job is deleted, as its `retention` says; null until it has ended."""
    links: LinksDocument

    @classmethod
    def from_job(cls, job: Job, counts: SegmentCounts, now: datetime, waits_for: Queue | None = None) -> Self:
        self_link = f"/v1/jobs/{job.id}"
        failure = job.failure
        return cls(
            id=job.id,
            batch_id=job.batch_id,
            status=job.state.status,
            stage=job.state.stage,
            waits_for=waits_for,
            progress=ProgressDocument.from_job(job, counts, now),
            audio=AudioDocument.from_recording(job.recording),
            coverage=CoverageDocument.from_coverage(Coverage(job.speech, counts.analysed, job.recording.not_speech)),
            config=shown_options(job.options),
            model=ModelDocument.from_model(job.model) if job.model else None,
            dominant=job.dominant,
            error=ErrorDocument(code=failure.code, message=failure.message, retryable=failure.retryable)
            if failure
            else None,
            alerts=list(map(AlertDocument.from_alert, job.alerts)),
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            expires_at=job.expires_at,
            links=LinksDocument(
                self=self_link,
                result=f"{self_link}/result",
                timeline=f"{self_link}/timeline",
                segments=f"{self_link}/segments",
                curve=f"{self_link}/curve",
                frames=f"{self_link}/frames",
                waveform=f"{self_link}/waveform",
                heatmap=f"{self_link}/heatmap.png",
                embeddings=f"{self_link}/embeddings" if job.options.embeddings else None,
                report_pdf=f"{self_link}/report.pdf",
                report_html=f"{self_link}/report.html",
            ),
        )


def shown_options(options: JobOptions) -> JobOptions:
    """Return options without the query of their `webhook_url`, in which many receivers have a secret."""
    url = options.webhook_url
    return options if url is None else replace(options, webhook_url=without_query(url))


class RetentionChange(BaseModel):
    """A change of some times of a job's retention, which count from its end; null keeps it until deleted."""

    model_config = ConfigDict(extra="forbid")

    audio_s: Seconds = Field(default=None, description="For the recording and the sound of its segments.")
    results_s: Seconds = Field(default=None, description="For everything: then the job is deleted.")


class JobChange(BaseModel):
    """A change of a job."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"retention": {"audio_s": 604800}}]})

    retention: RetentionChange = RetentionChange()


class ListedJobDocument(JobDocument):
    facts: FactsDocument | None
    """The figures of the channel that the request names, else of the whole recording; null until the job has succeeded,
    and where it has no such channel."""

    @classmethod
    def from_facts(cls, job: JobDocument, facts: ChannelFacts | None) -> Self:
        return cls(**dict(job), facts=FactsDocument.from_facts(facts) if facts else None)


class JobPageDocument(BaseModel):
    data: list[ListedJobDocument]
    next_cursor: str | None
