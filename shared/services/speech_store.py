"""Times of speech of jobs, and the figures of the conversation that follow from them.

An object is JSON: `channels` are the measured channels, `complete` is whether these are all, and `spans` are the
channel, start, end and level (null without one) of each stretch of speech.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.errors import ObjectNotFound
from shared.domain.job import Job
from shared.domain.segment import SegmentResult
from shared.domain.speaker_channels import speech_by_segment
from shared.domain.speech import SpeechSpan, SpeechTimes
from shared.domain.timeline import confident
from shared.findings.channel_segments import split_channels
from shared.findings.conversation import Conversation, describe_conversation
from shared.ports import ObjectStore
from shared.services.object_keys import speech_key


@dataclass(frozen=True, slots=True)
class SpeechStore:
    """Stores and reads times of speech."""

    objects: ObjectStore

    def store(self, job_id: str, speech: SpeechTimes) -> None:
        """Store the times of speech of a whole recording. Raises StorageFull."""
        spans = [(span.channel, span.start, span.end, span.level) for span in speech.spans]
        content = json.dumps({"channels": speech.channels, "complete": speech.complete, "spans": spans})
        with self.objects.writer(speech_key(job_id)) as writer:
            writer.write(content.encode())

    def read(self, job_id: str) -> SpeechTimes | None:
        """Read the times of speech of a prepared job, None where a version prepared it that did not store them."""
        try:
            content = json.loads(self.objects.read(speech_key(job_id)))
        except ObjectNotFound:
            return None
        spans = tuple(SpeechSpan(*values) for values in content["spans"])
        return SpeechTimes(tuple(content["channels"]), content["complete"], spans)

    def conversation(self, job: Job, segments: Sequence[SegmentResult]) -> Conversation | None:
        """Compute the figures of the conversation from a prepared job's segments, by their channels; None as `read`."""
        speech = self.read(job.id)
        if speech is None:
            return None
        if job.recording.speakers:
            speech = speech_by_segment(speech, segments)
        analysed = confident(segments, job.options.aggregation.min_confidence)
        return describe_conversation(speech, split_channels(analysed), job.prepared)
