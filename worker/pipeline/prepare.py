"""From a stream of decoded sound to numbered segments, in order of their start, while the sound comes in."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from shared.domain.options import JobOptions
from shared.domain.recording import ChannelMode, Recording, RecordingWarning
from shared.domain.segment import Segment
from worker.pipeline.channels import decide, mix
from worker.pipeline.ports import AudioStream, Samples, VoiceDetectors
from worker.pipeline.quality import flags
from worker.pipeline.segmenter import Piece, Segmenter


@dataclass(frozen=True, slots=True)
class Clip:
    """A segment with its sound, [n] at 16 kHz."""

    segment: Segment
    samples: Samples


class Preparation:
    """One pass over a recording. `decoded`, `speech` (samples) and `found` (clips) say how far it has come."""

    def __init__(self, stream: AudioStream, options: JobOptions, detectors: VoiceDetectors) -> None:
        self._stream = stream
        self._options = options
        self._detectors = detectors
        self._segmenters: list[Segmenter] = []
        self._mode: ChannelMode | None = None
        self._ended = False
        self.decoded = 0
        self.found = 0

    @property
    def speech(self) -> int:
        return sum(segmenter.speech for segmenter in self._segmenters)

    def clips(self) -> Iterator[list[Clip]]:
        """The clips in order of start, numbered from 0: those that became certain with each block, maybe none."""
        waiting: list[_Waiting] = []
        for block in self._channels(self._stream.blocks()):
            self.decoded += len(block)
            for channel, segmenter in enumerate(self._segmenters):
                _push(waiting, channel, segmenter.feed(block[:, channel]))
            horizon = min(segmenter.horizon for segmenter in self._segmenters)
            yield self._numbered(_pop(waiting, horizon))
        for channel, segmenter in enumerate(self._segmenters):
            _push(waiting, channel, segmenter.finish())
        yield self._numbered(_pop(waiting, self.decoded))
        self._ended = True

    def describe(self, recording: Recording) -> Recording:
        """The recording with what is known of it by now: its declared length at first, the true one at the end."""
        sound = self._stream.format
        warnings = list(self._stream.warnings)
        if self._ended and not self.found:
            warnings.append(RecordingWarning.NO_SPEECH)
        return replace(
            recording,
            codec=sound.codec,
            sample_rate=sound.sample_rate,
            channels=sound.channels,
            duration=self.decoded if self._ended else sound.duration,
            channel_mode=self._mode,
            warnings=tuple(warnings),
        )

    def _numbered(self, pieces: Iterable[tuple[int, Piece]]) -> list[Clip]:
        clips: list[Clip] = []
        for channel, piece in pieces:
            clips.append(_clip(self.found, channel, piece))
            self.found += 1
        return clips

    def _channels(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """The blocks with one column for each channel that is analysed."""
        if self._options.channels == "auto":
            self._mode, blocks = decide(blocks)
        else:
            self._mode = ChannelMode(self._options.channels)
        for block in blocks:
            channels = block if self._mode is ChannelMode.SPLIT else mix(block)[:, None]
            if not self._segmenters:
                self._segmenters = [self._segmenter() for _ in range(channels.shape[1])]
            yield channels

    def _segmenter(self) -> Segmenter:
        return Segmenter(self._options.segmentation, self._detectors())


def _clip(index: int, channel: int, piece: Piece) -> Clip:
    segment = Segment(index, channel, piece.start, piece.end, piece.speech, flags(piece.samples))
    return Clip(segment, piece.samples)


_Waiting = tuple[int, int, Piece]


def _push(waiting: list[_Waiting], channel: int, pieces: Iterable[Piece]) -> None:
    for piece in pieces:
        heapq.heappush(waiting, (piece.start, channel, piece))


def _pop(waiting: list[_Waiting], before: int) -> Iterator[tuple[int, Piece]]:
    while waiting and waiting[0][0] < before:
        _, channel, piece = heapq.heappop(waiting)
        yield channel, piece
