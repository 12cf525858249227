"""The recording of a job for browsers: as it came where they play that exactly, else a copy that a worker makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from shared.domain.errors import AudioDeleted, ObjectDamaged, ResultNotReady
from shared.domain.job import Job
from shared.domain.playback_errors import AudioCopyPending, AudioNotPlayable, AudioWithheld
from shared.domain.recording import SAMPLE_RATE, Recording, RecordingWarning
from shared.ports import CopyQueue, JobRepository, ObjectStore, Queue, WakeUps
from shared.services.file_type import tag_length
from shared.services.object_keys import copy_key

_HEAD_BYTES = 16 * 1024
"""Bytes of a file that say which kind it is; an MP3's first frame lies after tags, which are read past."""
_BLOCK_BYTES = 1024 * 1024
"""Bytes of one round trip to the store. A player asks for more than it plays, and leaves the rest."""
_XING, _INFO = (b"Xing", b"VBRI"), b"Info"
"""Marks in the first frame of an MP3: of variable bit rate, and of a constant one. Many have neither."""
_MARKED_BYTES = 256
_LOW_MP3_KBIT_S = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_MP3_KBIT_S = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    2: _LOW_MP3_KBIT_S,
    0: _LOW_MP3_KBIT_S,
}
"""Bit rates of layer III by the version and the index in the header of a frame."""
_MOST_UNEXPLAINED = SAMPLE_RATE // 2
"""Samples between the length of an MP3 and that of its bytes that tags and the encoder's padding explain."""

_WAV_CODECS = {"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw"}
_MEDIA_TYPES: tuple[tuple[str, int, bytes, set[str]], ...] = (
    ("audio/wav", 8, b"WAVE", _WAV_CODECS),
    ("audio/flac", 0, b"fLaC", {"flac"}),
    ("audio/ogg", 0, b"OggS", {"opus", "vorbis", "flac"}),
    ("audio/webm", 0, b"\x1a\x45\xdf\xa3", {"opus", "vorbis"}),
    ("audio/mp4", 4, b"ftyp", {"aac", "mp3", "flac", "opus"}),
)
"""Kinds of files that all browsers play, by a mark at a place in the file and the codecs inside."""

_OTHER_TIMES = {RecordingWarning.CONCATENATED, RecordingWarning.CORRUPT_AUDIO}
"""Warnings of recordings in which a browser would count time differently, or stop."""


@dataclass(frozen=True, slots=True)
class PlayableRecording:
    """A recording that browsers play: its name and media type, and its bytes in the store."""

    filename: str
    media_type: str
    size: int
    key: str
    objects: ObjectStore

    def blocks(self, span: range) -> Iterator[bytes]:
        """Yield the bytes of a span in blocks. Raises ObjectNotFound."""
        for start in range(span.start, span.stop, _BLOCK_BYTES):
            yield self.objects.read(self.key, range(start, min(start + _BLOCK_BYTES, span.stop)))


@dataclass(frozen=True, slots=True)
class Playback:
    """Finds the recordings that can be played as they came, and the copies of the others."""

    jobs: JobRepository
    objects: ObjectStore
    copies: CopyQueue
    wake_ups: WakeUps

    def recording(self, job_id: str) -> PlayableRecording:
        """Return the recording of a job.

        Raises:
            JobNotFound, JobDeleted, AudioDeleted, ObjectNotFound, ObjectDamaged.
            ResultNotReady: nobody knows yet what is in it.
            AudioWithheld: it holds channels that the config leaves out.
            AudioCopyPending: browsers do not play such a file from any time on, and its copy is being made.
            AudioNotPlayable: there is nothing to play, or no copy can be made.
        """
        job = self.jobs.get(job_id)
        if job.audio_deleted:
            raise AudioDeleted
        if leaves_out_channels(job):
            raise AudioWithheld
        recording = job.recording
        if recording.codec is None or recording.size_bytes is None:
            if job.state.terminal:
                raise AudioNotPlayable
            raise ResultNotReady
        if recording.tracks or _OTHER_TIMES.intersection(recording.warnings):
            return self._copy(job)
        head = self.objects.read(recording.source_key, range(_HEAD_BYTES))
        if not head:
            raise ObjectDamaged.from_key(recording.source_key)
        media_type = self._media_type(job, head)
        if media_type is None:
            return self._copy(job)
        return PlayableRecording(
            recording.filename, media_type, recording.size_bytes, recording.source_key, self.objects
        )

    def _copy(self, job: Job) -> PlayableRecording:
        """Return the copy of a recording, which is made when it is first asked for.

        Raises AudioCopyPending or AudioNotPlayable.
        """
        copy = self.copies.want(job.id)
        if copy.failed:
            raise AudioNotPlayable
        if copy.size is None:
            self.wake_ups.wake(Queue.PREPARE)
            raise AudioCopyPending
        filename = PurePath(job.recording.filename).with_suffix(".ogg").name if job.recording.filename else ""
        return PlayableRecording(filename, "audio/ogg", copy.size, copy_key(job.id), self.objects)

    def _media_type(self, job: Job, head: bytes) -> str | None:
        codec, key = job.recording.codec, job.recording.source_key
        if codec == "mp3" and (head.startswith(b"ID3") or head[0] == 0xFF):
            start = tag_length(head)
            frame = self.objects.read(key, range(start, start + _HEAD_BYTES)) if start else head
            # A browser finds its place in a file of variable bit rate by a table of a hundred entries, or by the rate
            # of the first frame: in a day, minutes beside it.
            return "audio/mpeg" if _has_constant_rate(frame, job.recording, start) else None
        for media_type, place, mark, codecs in _MEDIA_TYPES:
            if head[place : place + len(mark)] == mark and codec in codecs:
                return media_type
        return None


def _has_constant_rate(frame: bytes, recording: Recording, start: int) -> bool:
    """Whether an MP3 is as long as its bytes at the rate of its first frame, which begins at the byte `start`."""
    marks = frame[:_MARKED_BYTES]
    if _INFO in marks or any(mark in marks for mark in _XING):
        return _INFO in marks
    if len(frame) < 3 or frame[0] != 0xFF or recording.size_bytes is None or recording.duration is None:
        return False
    bits_per_ms = _MP3_KBIT_S.get(frame[1] >> 3 & 3, (0,) * 16)[frame[2] >> 4]
    if not bits_per_ms:
        return False
    expected = (recording.size_bytes - start) * 8 * SAMPLE_RATE // (1000 * bits_per_ms)
    return abs(expected - recording.duration) <= _MOST_UNEXPLAINED


def leaves_out_channels(job: Job) -> bool:
    """Whether the config of a job leaves out channels of the recording, which nobody may then hear."""
    channels = job.recording.channels
    if channels is None:
        return job.options.analyse is not None
    return not all(map(job.options.analyses, range(channels)))
