"""Waveforms of jobs, stored as `.npy` objects of which a stretch can be read without the rest.

An object has a record for every 20 ms with a field for each channel, named by its number: the lowest and highest value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from shared.domain.errors import NoResult, NoWaveform, ObjectDamaged, ObjectNotFound, ResultNotReady
from shared.domain.job import Job, JobState
from shared.domain.speaker_channels import segments_by_speaker
from shared.ports import JobRepository, ObjectStore
from shared.services.object_keys import waveform_key
from shared.waveform import STEP, Waveform


@dataclass(frozen=True, slots=True)
class WaveformStore:
    """Stores and reads waveforms."""

    jobs: JobRepository
    objects: ObjectStore

    def store(self, job_id: str, waveform: Waveform) -> None:
        """Store the waveform of a whole recording. Raises StorageFull."""
        fields = [(str(channel), np.int8, (2,)) for channel in waveform.channels]
        records = np.empty(len(waveform.peaks), fields)
        for place, channel in enumerate(waveform.channels):
            records[str(channel)] = waveform.peaks[:, place]
        with self.objects.writer(waveform_key(job_id)) as writer:
            np.save(writer, records, allow_pickle=False)

    def read(self, job_id: str, start: int = 0, end: int | None = None) -> tuple[Job, Waveform]:
        """Return a job and its waveform between two samples, by default all of it; speakers are the channels.

        Raises:
            JobNotFound, JobDeleted.
            ResultNotReady: the recording is still being decoded.
            NoResult: the job ended before its recording was decoded.
            NoWaveform: the recording was decoded by a version that stored no waveforms.
        """
        job = self.jobs.get(job_id)
        if job.state in (JobState.QUEUED, JobState.PREPARING):
            raise ResultNotReady
        try:
            with self.objects.open(waveform_key(job_id)) as file:
                waveform = _read(file, start, job.prepared if end is None else min(end, job.prepared))
        except ObjectNotFound as error:
            ended_early = job.state in (JobState.FAILED, JobState.CANCELED)
            raise (NoResult if ended_early else NoWaveform) from error
        except ValueError as error:  # NumPy's, of an object that is cut short
            raise ObjectDamaged.from_key(waveform_key(job_id)) from error
        if not job.recording.speakers:
            return job, waveform
        results = segments_by_speaker(job.recording, self.jobs.results(job_id))
        return job.by_speaker(), waveform.by_speaker(result.segment for result in results)


def _read(file: BinaryIO, start: int, end: int) -> Waveform:
    npy.read_magic(file)
    (length,), _, record = npy.read_array_header_1_0(file)
    first = min(start // STEP, length)
    last = max(first, min(-(-end // STEP), length))
    file.seek(file.tell() + first * record.itemsize)
    content = file.read((last - first) * record.itemsize)
    channels = tuple(map(int, record.names or ()))
    peaks = np.frombuffer(content, np.int8).reshape(last - first, len(channels), 2)
    return Waveform(channels, first * STEP, max(first * STEP, min(end, last * STEP)), peaks)
