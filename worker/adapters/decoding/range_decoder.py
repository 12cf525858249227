"""Decode a range of a sound track from its packets alone, sample for sample as within the whole track.

Runs in the decoder's process and in the processes that it forks.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from math import gcd
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE
from worker.adapters.decoding.decoded_timeline import MEDIA_ERRORS
from worker.adapters.decoding.resampling import Resampler

_PACKETS_BEFORE = {"alac": 0, "flac": 0, "mp3": 16}
"""Packets to decode before the first one whose sound is right, for the codecs without longer memory. A frame of MP3
overlaps with the one before and uses up to 511 bytes of the frames before. AAC is not among them: its decoder fills
bands with noise, which depends on all that it drew before. Nor is PCM: to send it to another process costs half as much
as to decode it."""
_LOWEST_RATE = 8_000
_FILTER = 64
"""Samples at 16 kHz by which the resampler's filter reaches into the sound around them, from `_LOWEST_RATE` on; twice
as many as measured."""
CHECKED = SAMPLE_RATE // 10
"""Samples at 16 kHz that neighbouring ranges have in common, to be compared."""

Sound = NDArray[np.int16]
"""[n, channels] at 16 kHz."""

FrameFormat = tuple[str, str, int]
"""Sample format, channel layout, sample rate."""


def frame_format(frame: AudioFrame) -> FrameFormat:
    """The format of a frame's sound."""
    return frame.format.name, frame.layout.name, frame.sample_rate


@dataclass(frozen=True, slots=True)
class RangeCodec:
    """A codec that can start anywhere, whose frames have the format `frames`, to be resampled to `channels`."""

    name: str
    extradata: bytes | None
    frames: FrameFormat
    channels: int
    packets_before: int

    @classmethod
    def of_track(cls, stream: AudioStream, frame: AudioFrame, channels: int) -> RangeCodec | None:
        """The codec of a track with this frame; None if the sound in its packets depends on all the packets before."""
        context = stream.codec_context
        packets_before = _PACKETS_BEFORE.get(context.codec.canonical_name)
        if packets_before is None or frame.sample_rate < _LOWEST_RATE:
            return None
        frames = frame_format(frame)
        return cls(context.codec.name, context.extradata, frames, channels, packets_before)

    @property
    def rate(self) -> int:
        """Hz."""
        return self.frames[2]

    def context(self) -> AudioCodecContext:
        """A decoder in its first state."""
        context = av.CodecContext.create(self.name, "r")
        assert isinstance(context, AudioCodecContext)
        if self.extradata:
            context.extradata = self.extradata
        _, context.layout, context.sample_rate = self.frames
        return context

    def complete(self, samples_in: int) -> int:
        """The samples at 16 kHz that are complete when the resampler has taken `samples_in` samples."""
        return samples_in * SAMPLE_RATE // self.rate - _FILTER

    def first_sample(self, samples_out: int) -> int:
        """The sample to begin with, so that the resampler gives the sample `samples_out` at 16 kHz as it should.

        There its phase is the same as at the start.
        """
        return max(0, (samples_out - _FILTER) * self.rate // SAMPLE_RATE // self._period * self._period)

    @property
    def longest_lead(self) -> int:
        """The most samples between `first_sample` and the samples that the range before has taken."""
        return self._period + (CHECKED + 3 * _FILTER) * self.rate // SAMPLE_RATE

    @property
    def _period(self) -> int:
        return self.rate // gcd(self.rate, SAMPLE_RATE)


@dataclass(frozen=True, slots=True)
class Range:
    """Packets in order, and the part of their sound to take.

    `samples` has the number of samples of each packet. The frames of the first `packets_before` packets are dropped,
    then `skip` samples, then after resampling `drop` samples at 16 kHz; the next `take` samples are the range. `body`
    is the number of the first packet that is not in the range before.
    """

    packets: Sequence[Packet[Any]]
    samples: Sequence[int]
    packets_before: int
    skip: int
    drop: int
    take: int
    body: int


def decode_range(codec: RangeCodec, part: Range) -> Sound | None:
    """Decode a range; None if a packet does not decode to the samples that it should have."""
    context = codec.context()
    resampler = Resampler(codec.channels, part.skip)
    for packet in part.packets[: part.packets_before]:
        with suppress(*MEDIA_ERRORS):  # it refers to packets before it
            context.decode(packet)
    sounds: list[Sound] = []
    try:
        for packet, samples in islice(zip(part.packets, part.samples, strict=True), part.packets_before, None):
            frames = context.decode(packet)
            if [frame.samples for frame in frames] != [samples] or frame_format(frames[0]) != codec.frames:
                return None
            sounds += resampler.push(frames[0])
        sounds += resampler.drain()
    except MEDIA_ERRORS:
        return None
    sound = np.concatenate(sounds)[part.drop : part.drop + part.take]
    return sound if len(sound) == part.take else None
