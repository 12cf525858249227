"""Keys of objects. All objects of a job have one prefix; keys of segments follow from the places of their segments.

An attempt that still writes after another has taken over thus writes the same object again. Objects whose content may
differ between attempts, such as pieces over tus, have the fence of the claim in their key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from shared.domain.segment import Segment

JOBS_PREFIX = "jobs/"
"""The prefix of the objects of all jobs."""


def job_prefix(job_id: str) -> str:
    """Return the prefix of all objects of a job."""
    return f"{JOBS_PREFIX}{job_id}/"


def audio_prefix(job_id: str) -> str:
    """Return the prefix of all audio of a job."""
    return f"{job_prefix(job_id)}audio/"


def source_key(job_id: str) -> str:
    """Return the key of the recording as it was uploaded or downloaded."""
    return f"{audio_prefix(job_id)}source"


def joined_key(job_id: str, fence: int) -> str:
    """Return the key of the recording that was joined from the parts of an upload."""
    return f"{source_key(job_id)}-{fence}"


def copy_key(job_id: str) -> str:
    """Return the key of the copy of the recording for players, Ogg with Opus."""
    return f"{audio_prefix(job_id)}copy.ogg"


def audio_key(job_id: str, segments: Sequence[Segment]) -> str:
    """Return the key of the audio of segments, one FLAC at 16 kHz after the other."""
    return f"{audio_prefix(job_id)}segments/{_places(segments)}.flac"


def logits_key(job_id: str, segments: Sequence[Segment]) -> str:
    """Return the key of the logits of segments, `.npz` as described in `shared.services.frame_store`."""
    return f"{job_prefix(job_id)}frames/{_places(segments)}.npz"


def own_logits_key(job_id: str, segment: Segment) -> str:
    """Return the key of the logits [frames, labels] of one segment, `.npy` in float32, as version 0.2.0 stored them."""
    return f"{job_prefix(job_id)}frames/{_place(segment)}.npy"


def embedding_key(job_id: str, segment: Segment) -> str:
    """Return the key of the embeddings of a segment, `.npy` [dim] or [frames, dim] in float32."""
    return f"{job_prefix(job_id)}embeddings/{_place(segment)}.npy"


def waveform_key(job_id: str) -> str:
    """Return the key of the waveform, `.npy` as described in `shared.services.waveform_store`.

    It is not under `audio_prefix`, because levels are a result and cannot be listened to.
    """
    return f"{job_prefix(job_id)}waveform.npy"


def speech_key(job_id: str) -> str:
    """Return the key of the times of speech, JSON as described in `shared.services.speech_store`."""
    return f"{job_prefix(job_id)}speech.json"


def upload_prefix(upload_id: str) -> str:
    """Return the prefix of the bytes of an upload that are not joined yet."""
    return f"uploads/{upload_id}/"


def part_key(upload_id: str, number: int) -> str:
    """Return the key of a part by its number, from 1."""
    return f"{upload_prefix(upload_id)}parts/{number}"


def piece_key(upload_id: str, fence: int, offset: int) -> str:
    """Return the key of bytes received over tus from `offset` on."""
    return f"{upload_prefix(upload_id)}pieces/{fence}-{offset}"


def _places(segments: Sequence[Segment]) -> str:
    """Return the index of the first segment, the number of segments, and a hash of all places."""
    digest = hashlib.sha256(" ".join(map(_place, segments)).encode())
    return f"{segments[0].index:06d}-{len(segments)}-{digest.hexdigest()[:16]}"


def _place(segment: Segment) -> str:
    return f"{segment.index:06d}-{segment.channel}-{segment.start}-{segment.end}"
