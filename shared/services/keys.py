"""Where the objects of a job lie: everything of it under one prefix, everything of a segment by the segment's place.

The place is in the key, so that an attempt that is still writing, though another has taken over, writes the same again.
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


def audio_key(job_id: str, segment: Segment) -> str:
    """The sound of a segment, FLAC at 16 kHz."""
    return f"{audio_prefix(job_id)}segments/{_place(segment)}.flac"


def frames_key(job_id: str, segment: Segment) -> str:
    """The logits of a scored segment's frames, `.npy` [frames, labels] in float32."""
    return f"{job_prefix(job_id)}frames/{_place(segment)}.npy"


def embedding_key(job_id: str, segment: Segment) -> str:
    """What the job's `embeddings` asked for of a scored segment, `.npy` [dim] or [frames, dim] in float32."""
    return f"{job_prefix(job_id)}embeddings/{_place(segment)}.npy"


def _place(segment: Segment) -> str:
    return f"{segment.index:06d}-{segment.channel}-{segment.start}-{segment.end}"
