"""The schema of all texts of reports and pictures. Names in braces are placeholders, which the caller fills in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.failure import FailureCode
from shared.domain.recording import RecordingWarning
from shared.domain.segment import SegmentFlag
from shared.findings.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """All texts of one language; `locale` is its BCP 47 tag."""

    locale: str
    title: str
    emotions: Mapping[str, str]
    percent: str
    """A share, as `78 %`."""
    span: str
    """A stretch of time."""
    separator: str
    """Stands between the items of a list."""
    emotion_share: str
    """An emotion with its share."""

    # Names of channels.
    mono: str
    mixed: str
    sides: tuple[str, str]

    # Facts about the recording.
    recording: str
    length: str
    channels: str
    analysed_at: str
    model: str
    revision: str
    weights: str
    coverage: str
    job: str
    purpose: str
    legal_basis: str
    not_analysed: str

    # Summary and notices.
    leads: Mapping[Quantity, str]
    lead_of_channel: str
    sentence_separator: str
    """Stands between two sentences."""
    nothing: str
    no_speech: str
    demonstration: str

    # Headings.
    over_time: str
    valence: tuple[str, str]
    """The name of the curve, in two lines; it says that valence is derived."""
    heat_map: str
    score: str
    smoothed: str
    no_scores: str
    minutes: str
    """The unit of times under an axis; `hours` is for long recordings."""
    hours: str
    what_happened: str
    key_segments: str
    shares: str
    gaps: str
    reading: str
    all_segments: str

    # Narrative.
    phases: Mapping[Quantity, str]
    turn: str
    growth: str
    shift: str
    no_change: str
    peak: str
    worst_minute: str
    quarter: str
    quarters: tuple[str, str, str, str]
    quiet_quarter: str
    transition: str

    # Key segments.
    listen: str
    time: str
    channel: str
    emotion: str
    confidence: str
    why: str
    number: str
    flags: str
    strongest: str
    longest: str
    reason_separator: str
    """Stands between two reasons."""
    unsure: str
    links_play: str
    links_are_files: str
    no_links: str
    audio_deleted: str
    clips_inside: str
    plays: str

    # Shares.
    whole: str
    cloud: str
    picture: str
    skipped_row: str
    replaced: str
    """The model's own emotion beside a correction."""

    # Coverage.
    account: str
    account_of_channels: str
    complete: str
    skipped: str
    and_more: str
    clicks: str
    tones: str
    unnamed: str
    corrected: str
    flagged: str
    reasons: Mapping[FailureCode, str]
    flag_meanings: Mapping[SegmentFlag, str]
    warnings: Mapping[RecordingWarning, str]

    # Reading notes and limits.
    how: tuple[str, ...]
    limits: tuple[str, ...]
    law: str
    rows: str
    """The title of a part of the table of all segments."""

    # The conversation.
    conversation: str
    talk_time: str
    talk_share: str
    longest_turn: str
    turns: str
    answer_time: str
    slow_answers: str
    interruptions: str
    backchannels: str
    loudness: str
    seconds: str
    level: str
    overlap: str
    silence: str
    silence_of_one: str
    response: str
    score_higher: str
    score_lower: str
    turns_defined: str
    rise: str
