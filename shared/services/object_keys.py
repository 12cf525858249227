"""Where the objects of a job lie: everything of it under one prefix, everything of a segment by the segment's place.

The place is in the key, so that an attempt that is still writing, though another has taken over, writes the same again.
What is not the same again, as what comes over tus, has the fence of its claim in the key.
"""

from __future__ import annotations

from shared.domain.segment import Segment


def job_prefix(job_id: str) -> str:
    """The prefix of every object of a job."""
    return f"jobs/{job_id}/"


def audio_prefix(job_id: str) -> str:
    """The prefix of what can be listened to."""
    return f"{job_prefix(job_id)}audio/"


def source_key(job_id: str) -> str:
    """The recording as it came."""
    return f"{audio_prefix(job_id)}source"


def joined_key(job_id: str, fence: int) -> str:
    """The recording as it was put together of the parts of an upload."""
    return f"{source_key(job_id)}-{fence}"


def audio_key(job_id: str, segment: Segment) -> str:
    """The sound of a segment, FLAC at 16 kHz."""
    return f"{audio_prefix(job_id)}segments/{_place(segment)}.flac"


def frames_key(job_id: str, segment: Segment) -> str:
    """The logits of a scored segment's frames, `.npy` [frames, labels] in float32."""
    return f"{job_prefix(job_id)}frames/{_place(segment)}.npy"


def embedding_key(job_id: str, segment: Segment) -> str:
    """What the job's `embeddings` asked for of a scored segment, `.npy` [dim] or [frames, dim] in float32."""
    return f"{job_prefix(job_id)}embeddings/{_place(segment)}.npy"


def waveform_key(job_id: str) -> str:
    """The peaks of its channels, `.npy` [pairs] with a field for each: see `shared.services.waveform_store`.

    Not under `audio_prefix`: how loud it was at which time is a result, and nobody can listen to it.
    """
    return f"{job_prefix(job_id)}waveform.npy"


def upload_prefix(upload_id: str) -> str:
    """The prefix of what has come of an upload and is not put together yet."""
    return f"uploads/{upload_id}/"


def part_key(upload_id: str, number: int) -> str:
    """A part, counted from 1."""
    return f"{upload_prefix(upload_id)}parts/{number}"


def piece_key(upload_id: str, fence: int, offset: int) -> str:
    """What came over tus from `offset` on."""
    return f"{upload_prefix(upload_id)}pieces/{fence}-{offset}"


def _place(segment: Segment) -> str:
    return f"{segment.index:06d}-{segment.channel}-{segment.start}-{segment.end}"
