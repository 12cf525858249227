"""Options of a job. The same classes serve the `config` of the API, the command line and the settings.

Each class checks its values and raises ValueError with a message for users.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from shared.domain.alert import AlertRule
from shared.domain.emotion import UNKNOWN
from shared.domain.ids import is_id
from shared.domain.raw_sound import RawSound
from shared.domain.speakers import MOST_SPEAKERS
from shared.domain.urls import split_url

MAX_SEGMENT_MS = 25_000
"""The longest segment in ms: the model was trained on at most 30 s, and its scores drift well before."""

Granularity = Literal["segment", "frame"]
EmbeddingKind = Literal["utterance", "frame"]
Priority = Literal["low", "normal", "high"]
SpeakingTimes = Literal["analysed", "all"]
VoiceDetectorName = Literal["webrtc", "silero"]
SpeakerMode = Literal["off", "auto"]

PRIORITIES: tuple[Priority, ...] = get_args(Priority)
"""All priorities, lowest first."""

MOST_APART = 2
"""Channels of one track that can be analysed separately; a recording with more is mixed into one."""

MOST_TRACKS = 16
"""Sound tracks that can be analysed each as a channel; those that come after are left out."""

TrackOption = int | Literal["each"] | None
"""The number of a sound track, each of them, or the one that a player plays."""

TEN_YEARS_S = 10 * 366 * 24 * 3600
_EXAMPLE = {
    "channels": "split",
    "roles": ["agent", "customer"],
    "retention": {"audio_s": 2_592_000},
    "alerts": [{"name": "upset customer", "emotions": ["angry"], "channel": "customer", "at_least_ms": 20_000}],
    "metadata": {"case": "7"},
}
_METADATA_LIMIT = 32
_ALERT_LIMIT = 16
_ROLE_LIMIT = 64
_LAST_TRACK = 63
_FEWEST_EMOTIONS, _MOST_EMOTIONS = 2, 64
_EMOTION_LIMIT = 64
_STATEMENT_LIMIT = 500


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low:g} to {high:g}, not {value}")


def _check_statement(name: str, text: str | None) -> None:
    if text is not None and not (text.strip() and len(text) <= _STATEMENT_LIMIT and text.isprintable()):
        raise ValueError(f"{name} must have 1 to {_STATEMENT_LIMIT} printable characters")


@dataclass(frozen=True, slots=True)
class SegmentationOptions:
    """What counts as speech and where a recording is cut. docs/segmentation.md shows what each number does."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    max_ms: int = MAX_SEGMENT_MS
    """Longest segment, 3,000 to 25,000 ms."""

    min_ms: int = 3_000
    """Talk without a long pause is not cut into pieces shorter than this if there is another way, 500 to 12,000 ms; not
    over `max_ms`."""

    min_silence_ms: int = 200
    """Shortest stretch without speech that counts as a pause, 100 to 800 ms."""

    preferred_silence_ms: int = 300
    """A cut in a pause shorter than this is a last resort, 100 to 2,000 ms."""

    max_silence_ms: int = 1_000
    """A longer pause ends a segment and is not analysed, 200 to 2,000 ms; not less than `min_silence_ms`."""

    margin_ms: int = 150
    """Sound kept before and after the speech between two such pauses, 0 to 400 ms; at most half of `max_silence_ms`."""

    silence_db: float = -40.0
    """Level in dBFS under which a frame is silence, -60 to -20. Unless `strict`, it is lowered for quiet recordings."""

    strict: bool = False
    """Keep `silence_db` as it is, also where the recording is so quiet that speech is lost."""

    vad: VoiceDetectorName = "webrtc"
    """What tells voice from other sound: `webrtc`, quick, or `silero`, a network that is not taken in by music and
    noise but costs some ten times the time."""

    def __post_init__(self) -> None:
        _check_range("segmentation.max_ms", self.max_ms, 3_000, MAX_SEGMENT_MS)
        _check_range("segmentation.min_ms", self.min_ms, 500, min(12_000, self.max_ms))
        _check_range("segmentation.min_silence_ms", self.min_silence_ms, 100, 800)
        _check_range("segmentation.preferred_silence_ms", self.preferred_silence_ms, 100, 2_000)
        _check_range("segmentation.max_silence_ms", self.max_silence_ms, max(200, self.min_silence_ms), 2_000)
        _check_range("segmentation.margin_ms", self.margin_ms, 0, min(400, self.max_silence_ms // 2))
        _check_range("segmentation.silence_db", self.silence_db, -60, -20)


@dataclass(frozen=True, slots=True)
class AggregationOptions:
    """How segments become a timeline."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    gap_ms: int = 2_000
    """Neighbours of one emotion are merged when the gap between them is under this, 0 to 60,000 ms."""

    min_confidence: float = 0.0
    """Segments under this confidence count as `unknown`, 0 to 1."""

    set_probability: float | None = None
    """Give each segment its `emotion_set`: the emotions of which one is the true one with this probability, 0.5 to
    0.99. Needs a calibrated model."""

    def __post_init__(self) -> None:
        if self.set_probability is not None:
            _check_range("aggregation.set_probability", self.set_probability, 0.5, 0.99)
        _check_range("aggregation.gap_ms", self.gap_ms, 0, 60_000)
        _check_range("aggregation.min_confidence", self.min_confidence, 0, 1)


@dataclass(frozen=True, slots=True)
class RetentionOptions:
    """How long what belongs to a job is kept after it has ended. Without a number, until somebody deletes the job."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    audio_s: int | None = None
    """Seconds for the recording and the sound of its segments, 0 to 10 years."""

    results_s: int | None = None
    """Seconds for everything: then the job is deleted, 0 to 10 years."""

    def __post_init__(self) -> None:
        for name in ("audio_s", "results_s"):
            seconds = getattr(self, name)
            if seconds is not None:
                _check_range(f"retention.{name}", seconds, 0, TEN_YEARS_S)


@dataclass(frozen=True, slots=True)
class SpeakerRange:
    """How many speakers a recording may have."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    least: int = 1
    """The fewest, 1 to 20."""

    most: int = MOST_SPEAKERS
    """The most, up to 20; not under `least`."""

    def __post_init__(self) -> None:
        _check_range("speakers.least", self.least, 1, MOST_SPEAKERS)
        _check_range("speakers.most", self.most, self.least, MOST_SPEAKERS)

    @classmethod
    def from_option(cls, option: SpeakerOption) -> SpeakerRange:
        """Return the range that an option means; any number of speakers for the modes."""
        if isinstance(option, SpeakerRange):
            return option
        return cls() if isinstance(option, str) else cls(option, option)


SpeakerOption = SpeakerMode | int | SpeakerRange
"""Whether speakers are told apart, and how many there may be."""


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The `config` of a job. All of it is optional."""

    __pydantic_config__: ClassVar = {
        "extra": "forbid",
        "use_attribute_docstrings": True,
        "json_schema_extra": {"examples": [_EXAMPLE]},
    }

    channels: Literal["auto", "mix", "split"] = "auto"
    """`split` analyses each channel by itself, `mix` their mean; `auto` splits when the voices differ."""

    track: TrackOption = None
    """The sound track to analyse, by its number in the file from 0 on, up to 63; by default the file's default one, or
    the first with sound. `each` makes a channel of each of the first 16, as of recorders with one for a person."""

    raw: RawSound | None = None
    """How to read a file without a header, such as telephone sound; by default the name of the file says it."""

    roles: tuple[str, ...] = ()
    """Names of the channels, the first for channel 0: up to two different ones of 1 to 64 characters, with `each` of
    `track` up to 16."""

    analyse: tuple[int | str, ...] | None = None
    """The channels to analyse, by number or role; by default all. Of the others no segment is made. Not with `mix`."""

    speaking_times: SpeakingTimes = "analysed"
    """The channels whose times of speech are measured for the figures of the conversation: those that are `analysed`,
    or `all`, of which `analyse` leaves out nothing but the emotions."""

    speakers: SpeakerOption = "off"
    """Tell the speakers of a recording apart that is analysed as one channel: `auto`, or their number, or its range;
    docs/explanation/speakers.md says how well. Channels that are analysed each by itself stay one speaker each."""

    segmentation: SegmentationOptions = field(default_factory=SegmentationOptions)
    """Where the recording is cut."""

    aggregation: AggregationOptions = field(default_factory=AggregationOptions)
    """How segments become a timeline."""

    emotions: tuple[str, ...] | None = None
    """The emotions that count, two or more; the others are left out before the scores are made, so that those of the
    named ones sum to 1. By default all of the model's."""

    granularity: Granularity = "segment"
    """`frame` gives each segment of the result the scores of its frames of 20 ms too."""

    embeddings: EmbeddingKind | None = None
    """Keep what the model made of each segment before it named an emotion: one vector for its whole `utterance`, or one
    for each `frame` of 20 ms."""

    priority: Priority = "normal"
    """Jobs of a higher priority go before the others of their tenant."""

    retention: RetentionOptions = field(default_factory=RetentionOptions)
    """How long the recording and the results are kept."""

    deadline_s: int | None = None
    """Seconds from the submission, or a retry, after which the job fails unless it has ended, 1 to 10 years."""

    webhook_url: str | None = None
    """An http or https URL that is told when the job starts and how it ends; docs/webhooks.md says what it gets. Its
    query is shown to nobody again."""

    webhook_endpoint_id: str | None = None
    """A registered endpoint that is told instead, of the events that it was registered for."""

    webhook_progress: bool = False
    """Whether `webhook_url` is told of each tenth of the work too."""

    alerts: tuple[AlertRule, ...] = ()
    """Up to 16 rules. Those that the recording meets are `alerts` of the job, and `job.alert` for its webhook."""

    purpose: str | None = None
    """What the analysis is for, up to 500 characters; kept and shown with the job."""

    legal_basis: str | None = None
    """What allows the analysis, such as a consent, up to 500 characters; kept and shown with the job."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    """Up to 32 strings of the caller's own, given back with the job."""

    def __post_init__(self) -> None:
        if len(self.metadata) > _METADATA_LIMIT:
            raise ValueError(f"metadata holds at most {_METADATA_LIMIT} entries")
        _check_statement("purpose", self.purpose)
        _check_statement("legal_basis", self.legal_basis)
        if self.deadline_s is not None:
            _check_range("deadline_s", self.deadline_s, 1, TEN_YEARS_S)
        self._check_roles()
        if isinstance(self.track, str) and self.track != "each":
            raise ValueError("track must be a number from 0 on, or each")
        if isinstance(self.track, int):
            _check_range("track", self.track, 0, _LAST_TRACK)
        SpeakerRange.from_option(self.speakers)
        self._check_webhook()
        if len(self.alerts) > _ALERT_LIMIT:
            raise ValueError(f"there may be at most {_ALERT_LIMIT} alerts")
        if not all(rule.channel is None or self._is_channel(rule.channel) for rule in self.alerts):
            raise ValueError(
                f"alerts.channel must be one of roles, or a channel number from 0 to {self._most_channels - 1}"
            )
        if self.analyse is not None:
            self._check_analyse(self.analyse)
        if self.emotions is not None:
            self._check_emotions(self.emotions)

    @property
    def notifies(self) -> bool:
        """Whether the job has a webhook."""
        return bool(self.webhook_url or self.webhook_endpoint_id)

    @property
    def tells_progress(self) -> bool:
        """Whether progress may be sent to a webhook. An endpoint may subscribe to it after the job was submitted."""
        return self.webhook_progress or self.webhook_endpoint_id is not None

    def analyses(self, channel: int) -> bool:
        """Whether a channel is one of those to analyse, by its number or its role."""
        role = self.roles[channel] if channel < len(self.roles) else None
        return self.analyse is None or channel in self.analyse or (role is not None and role in self.analyse)

    def raw_sound(self, filename: str) -> RawSound | None:
        """Return how to read a file of this name if it has no header; None if neither `raw` nor the name says it."""
        return self.raw or RawSound.from_name(filename)

    @property
    def _most_channels(self) -> int:
        return MOST_TRACKS if self.track == "each" else MOST_APART

    def _check_roles(self) -> None:
        if len(self.roles) > self._most_channels or len(set(self.roles)) < len(self.roles):
            raise ValueError(f"roles must be at most {self._most_channels} different names")
        if not all(role.strip() and len(role) <= _ROLE_LIMIT and role.isprintable() for role in self.roles):
            raise ValueError(f"each of roles must have 1 to {_ROLE_LIMIT} printable characters")

    def _check_webhook(self) -> None:
        if self.webhook_url is not None:
            if self.webhook_endpoint_id is not None:
                raise ValueError("either webhook_url or webhook_endpoint_id, not both")
            split_url(self.webhook_url)
        elif self.webhook_progress:
            raise ValueError("webhook_progress needs webhook_url; an endpoint is told of what it was registered for")
        if self.webhook_endpoint_id is not None and not is_id("whe", self.webhook_endpoint_id):
            raise ValueError("webhook_endpoint_id must be like whe_019aab3e-7c1f-7d10-9d0e-0d2a3f1b5c77")

    def _check_analyse(self, channels: tuple[int | str, ...]) -> None:
        if self.channels == "mix":
            raise ValueError("analyse chooses among channels, but with mix there is only one: use split or auto")
        if not channels:
            raise ValueError("analyse must name a channel; leave it out to analyse all")
        if not all(map(self._is_channel, channels)):
            raise ValueError(
                f"each of analyse must be one of roles, or a channel number from 0 to {self._most_channels - 1}"
            )

    def _check_emotions(self, emotions: tuple[str, ...]) -> None:
        if not _FEWEST_EMOTIONS <= len(set(emotions)) == len(emotions) <= _MOST_EMOTIONS:
            raise ValueError(f"emotions must be {_FEWEST_EMOTIONS} to {_MOST_EMOTIONS} different names")
        if not all(name.strip() and len(name) <= _EMOTION_LIMIT and name.isprintable() for name in emotions):
            raise ValueError(f"each of emotions must have 1 to {_EMOTION_LIMIT} printable characters")
        alerted = [emotion for rule in self.alerts for emotion in rule.emotions]
        if any(emotion not in (*emotions, UNKNOWN) for emotion in alerted):
            raise ValueError("alerts.emotions must be among emotions, because the others are left out")

    def _is_channel(self, channel: int | str) -> bool:
        return channel in self.roles or channel in range(self._most_channels)
