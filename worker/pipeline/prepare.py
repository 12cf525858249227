"""From a stream of decoded sound to numbered segments, in order of their start, while the sound comes in."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from shared.domain.options import JobOptions
from shared.domain.recording import ChannelMode, Recording, RecordingWarning
from shared.domain.segment import Segment
from shared.waveform import Waveform
from worker.pipeline import channel_selection
from worker.pipeline.channels import decide, mix
from worker.pipeline.cut_placement import Cut
from worker.pipeline.errors import TooManySegments
from worker.pipeline.peaks import PeakMeter, together
from worker.pipeline.ports import AudioStream, Samples, VoiceDetectors
from worker.pipeline.segmenter import Heard, Piece, Segmenter
from worker.pipeline.signal_quality import flags


@dataclass(frozen=True, slots=True)
class Clip:
    """A segment with its sound, [n] at 16 kHz, and why it ends where it does."""

    segment: Segment
    samples: Samples
    cut: Cut


OnHeard = Callable[[int, Heard], None]
"""Called with a channel and what was made of its next ten seconds."""


class Preparation:
    """One pass over a recording. `decoded`, `speech` (samples) and `found` (clips) say how far it has come."""

    def __init__(
        self,
        stream: AudioStream,
        options: JobOptions,
        detectors: VoiceDetectors,
        most_segments: int,
        on_heard: OnHeard = lambda channel, heard: None,
    ) -> None:
        self._stream = stream
        self._options = options
        self._detectors = detectors
        self._most_segments = most_segments
        self._on_heard = on_heard
        self._segmenters: dict[int, Segmenter] = {}  # by channel
        self._meters: dict[int, PeakMeter] = {}
        self._mode: ChannelMode | None = None
        self._ended = False
        self.decoded = 0
        self.found = 0

    @property
    def speech(self) -> int:
        return sum(segmenter.speech for segmenter in self._segmenters.values())

    def clips(self) -> Iterator[list[Clip]]:
        """The clips in order of start, numbered from 0: those that became certain with each block, maybe none.

        Raises:
            ChannelMissing: the file has not the channels that are to be analysed.
            TooManySegments: there would be more than `most_segments`.
            PipelineError: it cannot be decoded.
        """
        channel_selection.check(self._options, self._stream.format.channels)
        waiting: list[_Waiting] = []
        for block in self._channels(self._stream.blocks()):
            self.decoded += len(block)
            for channel, segmenter in self._segmenters.items():
                _push(waiting, channel, segmenter.feed(block[:, channel]))
                self._meters[channel].feed(block[:, channel])
            horizon = min(segmenter.horizon for segmenter in self._segmenters.values())
            yield self._numbered(_pop(waiting, horizon))
        for channel, segmenter in self._segmenters.items():
            _push(waiting, channel, segmenter.finish())
        yield self._numbered(_pop(waiting, self.decoded))
        self._ended = True

    def waveform(self) -> Waveform:
        """The peaks of the channels that are analysed, and of no other; whole once all clips have been given."""
        return together({channel: meter.peaks() for channel, meter in self._meters.items()}, self.decoded)

    def describe(self, recording: Recording) -> Recording:
        """The recording with what is known of it by now: its declared length at first, the true one at the end."""
        sound = self._stream.format
        return replace(
            recording,
            codec=sound.codec,
            sample_rate=sound.sample_rate,
            channels=sound.channels,
            duration=self.decoded if self._ended else sound.duration,
            channel_mode=self._mode,
            roles=channel_selection.roles(self._options, self._mode, sound.channels) if self._mode else (),
            warnings=tuple(self._warnings()),
        )

    def _warnings(self) -> Iterator[RecordingWarning]:
        yield from self._stream.warnings
        if self._ended and not self.found:
            yield RecordingWarning.NO_SPEECH
        if self._mode and channel_selection.disregarded(self._options, self._mode, self._stream.format.channels):
            yield RecordingWarning.NOT_SPLIT

    def _numbered(self, pieces: Iterable[tuple[int, Piece]]) -> list[Clip]:
        clips: list[Clip] = []
        for channel, piece in pieces:
            if self.found == self._most_segments:
                raise TooManySegments
            clips.append(_clip(self.found, channel, piece))
            self.found += 1
        return clips

    def _channels(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """The blocks with a column for each channel, or for their mix; `_segmenters` has those that are analysed."""
        if self._options.channels == "auto":
            self._mode, blocks = decide(blocks)
        else:
            self._mode = ChannelMode(self._options.channels)
        for block in blocks:
            channels = block if self._mode is ChannelMode.SPLIT else mix(block)[:, None]
            if not self._segmenters:
                analysed = channel_selection.numbers(self._options, self._mode, channels.shape[1])
                self._segmenters = {channel: self._segmenter(channel) for channel in analysed}
                self._meters = {channel: PeakMeter() for channel in analysed}
            yield channels

    def _segmenter(self, channel: int) -> Segmenter:
        options = self._options.segmentation
        return Segmenter(options, self._detectors[options.vad](), partial(self._on_heard, channel))


def _clip(index: int, channel: int, piece: Piece) -> Clip:
    segment = Segment(index, channel, piece.start, piece.end, piece.speech, flags(piece.samples))
    return Clip(segment, piece.samples, piece.cut)


_Waiting = tuple[int, int, Piece]


def _push(waiting: list[_Waiting], channel: int, pieces: Iterable[Piece]) -> None:
    for piece in pieces:
        heapq.heappush(waiting, (piece.start, channel, piece))


def _pop(waiting: list[_Waiting], before: int) -> Iterator[tuple[int, Piece]]:
    while waiting and waiting[0][0] < before:
        _, channel, piece = heapq.heappop(waiting)
        yield channel, piece
