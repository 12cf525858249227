"""Put the decoded frames of a sound track on a timeline without gaps. Runs in the decoder's process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

MEDIA_ERRORS = (av.FFmpegError, OSError, ValueError)
"""The errors that FFmpeg raises on a broken file; OSError when it seeks outside of it."""
_JITTER_S = 0.1
"""Timestamps of some containers are rounded, or wander, by this much although no sound is missing."""
_LONGEST_BLIND_GAP_S = 600
"""A longer gap in a file that does not state its length is a broken timestamp, not lost sound."""
_SILENCE_S = 1


class TrackFrames:
    """The frames of a sound track from the start of the recording, on its timeline.

    A recording longer than `longest_s` seconds does not exist: such a declared length is ignored. `corrupt` counts
    packets that did not decode; `cut_short` is set by `finish` if the end of the file is missing. `context` is the
    track's decoder.
    """

    def __init__(self, container: InputContainer, stream: AudioStream, longest_s: float) -> None:
        self._container = container
        self.stream = stream
        self.context = stream.codec_context
        self.corrupt = 0
        self.cut_short = False
        self._lost = False
        # Packets that failed since the last good one: damage if a good one follows, otherwise the end is missing.
        self._bad = 0
        self._start_s = (container.start_time or 0) / av.time_base
        self._position_s = 0.0
        self.declared_s = self._declared_s(longest_s)
        """The length in seconds as the container declares it, or None if it is missing or impossible."""

    def _declared_s(self, longest_s: float) -> float | None:
        declared = self._container.duration / av.time_base if self._container.duration else None
        if self.stream.duration and self.stream.time_base:
            declared = float(self.stream.duration * self.stream.time_base)
        # One wrong bit in a timestamp makes a recording of millennia, to be filled with silence.
        return declared if declared is not None and 0 < declared <= longest_s else None

    def packets(self) -> Iterator[Packet[AudioStream]]:
        """Yield the packets of the track, the last one empty."""
        packets = self._container.demux(self.stream)
        while True:
            try:
                yield next(packets)
            except StopIteration:
                return
            except (*MEDIA_ERRORS, IndexError):  # PyAV raises IndexError for a packet of a stream that appears later
                self._lost = True  # the demuxer cannot go on; the sound before is good
                return

    def frames(self, packet: Packet[AudioStream]) -> Iterator[AudioFrame]:
        """Yield the frames of the next packet, with silence in place of lost sound.

        A timestamp that jumps back, or out of the recording, is broken: its frame follows directly on the one before.
        """
        tick_s = float(self.stream.time_base or 0)
        for frame in self._decoded(packet):
            gap_s = 0.0
            if tick_s and frame.pts is not None:
                gap_s = frame.pts * tick_s - self._start_s - self._position_s
            last_s = self.declared_s
            impossible = self._position_s + gap_s > last_s + 1 if last_s else gap_s > _LONGEST_BLIND_GAP_S
            if gap_s < -_JITTER_S or impossible:
                self._start_s += gap_s
            elif gap_s > _JITTER_S:
                yield from _silence(frame, gap_s)
                self._position_s += gap_s
            self.advance(frame.samples, frame.sample_rate)
            yield frame

    def advance(self, samples: int, sample_rate: int) -> None:
        """Move on by sound that is decoded elsewhere and has no gap before it."""
        self._position_s += samples / sample_rate

    def finish(self) -> None:
        """Take note of the end of the packets."""
        self.cut_short |= self._lost or self._bad > 0

    def _decoded(self, packet: Packet[AudioStream]) -> Sequence[AudioFrame]:
        try:
            frames = self.context.decode(packet)
        except MEDIA_ERRORS:
            self._bad += 1
            return ()
        if packet.size:
            self.corrupt += self._bad
            self._bad = 0
            self.cut_short = packet.is_corrupt
        return frames


def _silence(like: AudioFrame, seconds: float) -> Iterator[AudioFrame]:
    """Yield `seconds` of silent frames in the format of `like`."""
    remaining = round(seconds * like.sample_rate)
    zero = 0x80 if like.format.name.startswith("u8") else 0
    while remaining > 0:
        samples = min(remaining, _SILENCE_S * like.sample_rate)
        frame = AudioFrame(format=like.format.name, layout=like.layout.name, samples=samples)
        frame.sample_rate = like.sample_rate
        for plane in frame.planes:
            plane.update(bytes([zero]) * plane.buffer_size)
        yield frame
        remaining -= samples
