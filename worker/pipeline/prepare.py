"""Turn a stream of decoded sound into numbered segments, in order of their start, while the sound comes in."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, repeat
from typing import Any

import numpy as np

from shared.domain.options import MOST_APART, JobOptions
from shared.domain.recording import SAMPLE_RATE, ChannelMode, Recording, RecordingWarning
from shared.domain.segment import Segment, SegmentFlag
from shared.domain.speech import SpeechSpan, SpeechTimes
from shared.waveform import Waveform
from worker.pipeline.channel_mix import ChannelMixer
from worker.pipeline.channel_mode import detect_channel_mode
from worker.pipeline.channel_selection import channel_roles, check_channels, selected_channels, selection_ignored
from worker.pipeline.crosstalk import CrosstalkFinder
from worker.pipeline.cut_placement import Cut
from worker.pipeline.errors import SpeakersUnavailable, TooManySegments
from worker.pipeline.peaks import PeakMeter, join_channels
from worker.pipeline.ports import AudioStream, Samples, SpeakerEncoder, VoiceDetectors
from worker.pipeline.segment_speakers import SegmentSpeakers, tell_speakers_apart
from worker.pipeline.segmenter import ChannelSegment, Segmenter, SpeechActivity
from worker.pipeline.signal_quality import quality_flags
from worker.pipeline.sound_blocks import whole_blocks, without_offset
from worker.pipeline.voice_check import holds_no_voice
from worker.pipeline.voiceprints import Voiceprint, VoiceprintTracker

_LEAST_CROSSTALK = SAMPLE_RATE
"""Samples of leaked voice, a second, that are worth a warning."""
_CROSSTALK_SHARE = 0.1
"""Share of a segment in which another channel is heard more than its own that limits trust in its answer."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A segment with its sound, [n] at 16 kHz, and the reason for its end."""

    segment: Segment
    samples: Samples
    cut: Cut


OnActivity = Callable[[int, SpeechActivity], None]
"""Called with a channel and the speech activity of its next ten seconds."""


class Preparation:
    """One pass over a recording.

    `decoded` and `speech` count samples at 16 kHz, `segment_count` counts clips, all up to the present place. Where the
    options ask for the speakers of a recording that is analysed as one channel, there must be an `encoder`.
    """

    def __init__(
        self,
        stream: AudioStream,
        options: JobOptions,
        detectors: VoiceDetectors,
        max_segments: int,
        on_activity: OnActivity = lambda channel, activity: None,
        encoder: SpeakerEncoder | None = None,
    ) -> None:
        self._stream = stream
        self._encoder = encoder
        self._options = options
        self._detectors = detectors
        self._max_segments = max_segments
        self._on_activity = on_activity
        self._segmenters: dict[int, Segmenter] = {}  # by channel
        self._timers: dict[int, Segmenter] = {}  # of channels that are not analysed
        self._complete = True
        self._meters: dict[int, PeakMeter] = {}
        self._check_voice = False
        # Segments that are complete but may still be preceded by one of another channel, as a heap by their start.
        self._pending: list[tuple[int, int, ChannelSegment]] = []
        self._mode: ChannelMode | None = None
        self._mixer = ChannelMixer()
        self._track_mixers = [ChannelMixer() for _ in stream.format.track_columns]
        self._crosstalk = CrosstalkFinder()
        self._ended = False
        self._voiceprints: list[Voiceprint | None] = []
        self._speakers: SegmentSpeakers | None = None
        self.decoded = 0
        self.segment_count = 0

    @property
    def speech(self) -> int:
        """Samples of speech so far, summed over the channels."""
        return sum(segmenter.speech for segmenter in self._segmenters.values())

    @property
    def not_speech(self) -> int:
        """Samples of tones and noise so far that were taken for voice and left out, summed over the channels."""
        return sum(segmenter.not_speech for segmenter in self._segmenters.values())

    def clips(self) -> Iterator[list[Clip]]:
        """Yield the clips in order of start, numbered from 0: after each block those that are complete, maybe none.

        Raises:
            ChannelMissing: the file lacks a channel to be analysed.
            TooManySegments: there would be more than `max_segments`.
            PipelineError: the recording cannot be decoded.
        """
        check_channels(self._options, self._stream.format)
        for block in self._channels(without_offset(whole_blocks(self._stream.blocks()))):
            self.decoded += len(block)
            own = self._crosstalk.separate(block)
            for channel, segmenter in self._segmenters.items():
                self._add(channel, segmenter.feed(block[:, channel], own.sound[:, channel], own.shares[channel]))
                self._meters[channel].feed(block[:, channel])
            for channel, timer in self._timers.items():
                deque(timer.feed(block[:, channel], own.sound[:, channel], own.shares[channel]), maxlen=0)
            yield self._clips_before(min(segmenter.horizon for segmenter in self._segmenters.values()))
        for channel, segmenter in self._segmenters.items():
            self._add(channel, segmenter.finish())
        for timer in self._timers.values():
            deque(timer.finish(), maxlen=0)
        yield self._clips_before(self.decoded)
        self._ended = True
        if self._tells_speakers:
            self._speakers = tell_speakers_apart(self._voiceprints, self._options.speakers)

    @property
    def speaker_numbers(self) -> tuple[int, ...]:
        """The number of the speaker of each segment; none where they are not told apart, and before the end."""
        return self._speakers.numbers if self._speakers else ()

    def waveform(self) -> Waveform:
        """The peaks of the analysed channels; complete once `clips` has ended."""
        return join_channels({channel: meter.peaks() for channel, meter in self._meters.items()}, self.decoded)

    def speech_times(self) -> SpeechTimes:
        """The speech of the measured channels; complete once `clips` has ended. Unanalysed channels have no level."""
        spans = [
            SpeechSpan(channel, start, end, level)
            for channel, segmenter in self._segmenters.items()
            for start, end, level in segmenter.runs
        ]
        spans += [
            SpeechSpan(channel, start, end, None)
            for channel, timer in self._timers.items()
            for start, end, _ in timer.runs
        ]
        channels = tuple(sorted([*self._segmenters, *self._timers]))
        return SpeechTimes(channels, self._complete, tuple(sorted(spans, key=lambda span: (span.start, span.channel))))

    def describe(self, recording: Recording) -> Recording:
        """The recording with its format, channels and warnings so far: its declared length first, at the end the true
        one."""
        sound = self._stream.format
        warnings = list(self._stream.warnings)
        if self._ended and not self.segment_count:
            warnings.append(RecordingWarning.NO_SPEECH)
        if self._mode and selection_ignored(self._options, self._mode, sound):
            warnings.append(RecordingWarning.NOT_SPLIT)
        if any(mixer.cancels for mixer in (self._mixer, *self._track_mixers)):
            warnings.append(RecordingWarning.CHANNELS_CANCEL)
        if sum(segmenter.foreign for segmenter in self._segmenters.values()) >= _LEAST_CROSSTALK:
            warnings.append(RecordingWarning.CROSSTALK)
        return replace(
            recording,
            codec=sound.codec,
            sample_rate=sound.sample_rate,
            channels=sound.channels,
            duration=self.decoded if self._ended else sound.duration,
            channel_mode=self._mode,
            roles=channel_roles(self._options, self._mode, sound) if self._mode else (),
            warnings=tuple(warnings),
            not_speech=self.not_speech,
            tracks=sound.tracks,
            **self._describe_speakers(recording),
        )

    def _describe_speakers(self, recording: Recording) -> dict[str, Any]:
        """The speakers as `recording` has them until they are told apart; names and mergers stay, as corrections do."""
        if self._speakers is None or self._encoder is None:
            return {}
        speakers = tuple(
            replace(speaker, name=earlier.name, merged_into=earlier.merged_into) if earlier else speaker
            for speaker, earlier in zip(self._speakers.speakers, chain(recording.speakers, repeat(None)), strict=False)
        )
        return {"speakers": speakers, "speaker_model": self._encoder.info}

    @property
    def _tells_speakers(self) -> bool:
        return self._options.speakers != "off" and self._mode is ChannelMode.MIX

    def _channels(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """Yield blocks [n, columns] with a column per channel, or one for their mix; makes a segmenter per channel."""
        if self._track_mixers:
            self._mode = ChannelMode.MIX if self._options.channels == "mix" else ChannelMode.SPLIT
            blocks = map(self._mix_tracks, blocks)
        elif self._options.channels == "auto":
            self._mode, blocks = detect_channel_mode(blocks)
        else:
            self._mode = ChannelMode(self._options.channels)
        segmentation = self._options.segmentation
        for block in blocks:
            few = self._track_mixers or block.shape[1] <= MOST_APART
            split = self._mode is ChannelMode.SPLIT and few
            columns = block if split else self._mixer.mix(block)[:, None]
            if not self._segmenters:
                selected = selected_channels(self._options, self._mode, columns.shape[1])
                for channel in selected:
                    detector = self._detectors[segmentation.vad]
                    on_activity = partial(self._on_activity, channel)
                    self._segmenters[channel] = Segmenter(segmentation, detector, on_activity, self._tracker())
                    self._check_voice = self._segmenters[channel].takes_any_sound
                    self._meters[channel] = PeakMeter()
                unanalysed = set(range(columns.shape[1])) - set(selected)
                if self._options.speaking_times == "all":
                    for channel in unanalysed:
                        self._timers[channel] = Segmenter(segmentation, self._detectors[segmentation.vad])
                self._complete = unanalysed == set(self._timers)
            yield columns

    def _tracker(self) -> VoiceprintTracker | None:
        """Make the tracker of a channel whose speakers are told apart. Raises SpeakersUnavailable."""
        if not self._tells_speakers:
            return None
        if self._encoder is None:
            raise SpeakersUnavailable("There is no speaker encoder.")
        return VoiceprintTracker(self._encoder)

    def _mix_tracks(self, block: Samples) -> Samples:
        """Mix the columns of each track in [n, columns] into one channel, [n, tracks]."""
        ends = np.cumsum(self._stream.format.track_columns)
        tracks = np.split(block, ends[:-1], axis=1)
        return np.stack([mixer.mix(track) for mixer, track in zip(self._track_mixers, tracks, strict=True)], axis=1)

    def _add(self, channel: int, segments: Iterator[ChannelSegment]) -> None:
        for segment in segments:
            heapq.heappush(self._pending, (segment.start, channel, segment))

    def _clips_before(self, sample: int) -> list[Clip]:
        """Take the pending segments that start before `sample`, and number them."""
        clips: list[Clip] = []
        while self._pending and self._pending[0][0] < sample:
            _, channel, cut = heapq.heappop(self._pending)
            if self.segment_count == self._max_segments:
                raise TooManySegments
            flags = quality_flags(cut.samples)
            if cut.foreign > _CROSSTALK_SHARE * len(cut.samples):
                flags = (*flags, SegmentFlag.CROSSTALK)
            if self._check_voice and holds_no_voice(cut.samples, self._detectors["silero"]):
                flags = (*flags, SegmentFlag.NOT_SPEECH)
            segment = Segment(self.segment_count, channel, cut.start, cut.end, cut.speech, flags)
            clips.append(Clip(segment, cut.samples, cut.cut))
            if self._tells_speakers:
                # Music has no speaker, and a voiceprint that would be one's.
                self._voiceprints.append(None if SegmentFlag.NOT_SPEECH in flags else cut.voiceprint)
            self.segment_count += 1
        return clips
