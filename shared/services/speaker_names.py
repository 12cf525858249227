"""Names of speakers, and speakers who are really one, as people say."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.domain.job import Job
from shared.domain.playback_errors import InvalidSpeaker, SpeakerNotFound
from shared.domain.speaker_channels import merged_number
from shared.domain.speakers import speaker_label
from shared.ports import JobRepository
from shared.services.job_reader import succeeded


@dataclass(frozen=True, slots=True)
class SpeakerNames:
    """Stores what people say of speakers. Each method raises as `shared.services.job_reader.succeeded`."""

    jobs: JobRepository

    def describe(self, job_id: str, label: str, name: str | None, merge_into: str | None) -> Job:
        """Store the name of a speaker and the one that it is merged into, in place of what was said before.

        Raises:
            SpeakerNotFound: the recording has no speaker of this label.
            InvalidSpeaker: the other one does not exist, or is merged into this one.
        """
        succeeded(self.jobs, job_id)

        def revise(job: Job) -> Job:
            recording = job.recording
            labels = [speaker_label(number) for number in range(len(recording.speakers))]
            if label not in labels:
                raise SpeakerNotFound
            if merge_into is not None and merge_into not in labels:
                raise InvalidSpeaker(f"There is no speaker {merge_into} to merge into.")
            number, into = labels.index(label), None if merge_into is None else labels.index(merge_into)
            if into is not None and merged_number(recording, into) == number:
                raise InvalidSpeaker(f"{merge_into} is {label}, or is merged into it.")
            speakers = list(recording.speakers)
            speakers[number] = replace(speakers[number], name=name, merged_into=into)
            return job.evolve(recording=replace(recording, speakers=tuple(speakers)))

        return self.jobs.revise(job_id, revise)
