"""Decode a sound track in its order, and the steady middle of a long one in ranges. Runs in the decoder's process.

A track is steady where every packet follows on the one before and decodes to the samples that it should have. After two
steady minutes its packets are collected into ranges, which several processes decode. The first packet that is not
steady, or the end, stops that; from there the track is decoded in order again. Neighbouring ranges have a tenth of a
second in common: if it differs in one sample, the codec has a longer memory than it should, and there are no more
ranges.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet

from shared.domain.recording import SAMPLE_RATE
from worker.adapters.decoding.decoded_timeline import MEDIA_ERRORS, TrackFrames
from worker.adapters.decoding.range_decoder import CHECKED, Range, RangeCodec, Sound, frame_format
from worker.adapters.decoding.range_processes import RangeProcesses
from worker.adapters.decoding.resampling import Resampler

_SHORTEST_RANGE_S = 4
"""Where `range_bytes` are less, the sound before a range would cost too much."""

SteadyPacket = tuple["Packet[AudioStream]", int]
"""A packet with the number of its samples."""


@dataclass(frozen=True, slots=True)
class RangeSizes:
    """`steady_s`: seconds of steady sound before the first range; a range has `range_s` seconds or `range_bytes`."""

    steady_s: int = 120
    range_s: int = 30
    range_bytes: int = 8 << 20


class SoundTrack:
    """The sound of a track at 16 kHz, in `channels` columns. `in_ranges` counts samples that came from ranges."""

    def __init__(
        self, track: TrackFrames, channels: int, processes: RangeProcesses, sizes: RangeSizes = RangeSizes()
    ) -> None:
        self._track = track
        self._channels = channels
        self._processes = processes
        self._sizes = sizes
        self._packets: Iterator[Packet[AudioStream]] = track.packets()
        self._resampler = Resampler(channels)
        self._drop = 0
        self._rate = track.stream.rate
        self._per_tick = (Fraction(track.stream.time_base or 0) * self._rate).as_integer_ratio()
        self._next_pts: int | None = None
        self._may_have_ranges = True
        self._codec: RangeCodec | None = None
        self._recent: Sequence[SteadyPacket] = ()  # enough to begin a range with
        self._last: Sound = np.empty((0, channels), np.int16)
        # Packets that were read for ranges and are not decoded yet.
        self._ranges: deque[Range] = deque()
        self._unfinished: list[Packet[AudioStream]] = []
        self.in_ranges = 0

    def sound(self) -> Generator[Sound]:
        """Yield the sound from the start to the end."""
        while codec := (yield from self._in_order()):
            yield from self._in_ranges(codec)

    def _in_order(self) -> Generator[Sound, None, RangeCodec | None]:
        """Decode until the track has been steady for long, and return its codec; return None at the end."""
        steady = 0
        for packet in self._packets:
            frames: list[AudioFrame] = []
            for frame in self._track.frames(packet):
                yield from self._resampled(frame)
                frames = [*frames[-1:], frame]  # two are not steady already; of a long silence there are thousands
            steady = self._steady_samples(packet, frames, steady)
            if steady >= self._sizes.steady_s * self._rate and self._codec:
                yield from self._without_dropped(self._resampler.drain())
                return self._codec
        self._track.finish()
        yield from self._resampled(None)
        return None

    def _in_ranges(self, codec: RangeCodec) -> Iterator[Sound]:
        """Decode ranges until the track is not steady any more; the other packets are left to `_in_order`."""
        last = None
        samples_in, samples_out = self._resampler.samples_in, self._resampler.samples_out
        with closing(self._processes.decode(codec, self._read_ranges(codec, samples_in, samples_out))) as decoded:
            for part, sound in decoded:
                if sound is None:
                    break
                if not np.array_equal(sound[:CHECKED], self._last):
                    self._may_have_ranges = False
                    break
                last = self._ranges.popleft()
                for samples in part.samples[part.body :]:
                    self._track.advance(samples, self._rate)
                samples_in += sum(part.samples[part.body :])
                samples_out += len(sound) - CHECKED
                self.in_ranges += len(sound) - CHECKED
                self._last = sound[-CHECKED:]
                yield sound[CHECKED:]
        bodies = [packet for part in self._ranges for packet in part.packets[part.body :]]
        self._packets = chain(bodies, self._unfinished, self._packets)
        self._ranges.clear()
        self._unfinished = []
        self._recent = ()
        if last:
            yield from self._decode_again(codec, last)
            self._resampler.samples_in = samples_in
            self._resampler.samples_out += samples_out - (last.drop + last.take)

    def _decode_again(self, codec: RangeCodec, last: Range) -> Iterator[Sound]:
        """Decode the last range in this process, to be able to go on where it ended; its sound is left out."""
        self._track.context = codec.context()
        self._resampler = Resampler(self._channels, last.skip)
        self._drop = last.drop + last.take
        for packet in last.packets[: last.packets_before]:
            with suppress(*MEDIA_ERRORS):
                self._track.context.decode(packet)
        for packet in last.packets[last.packets_before :]:
            for frame in self._track.context.decode(packet):
                yield from self._resampled(frame)

    def _read_ranges(self, codec: RangeCodec, samples_in: int, samples_out: int) -> Iterator[Range]:
        """Collect packets into ranges as long as they are steady.

        The first range begins where `samples_in` samples have become `samples_out` at 16 kHz.
        """
        body: list[SteadyPacket] = []
        length = size = 0
        for packet in self._packets:
            self._unfinished.append(packet)
            samples = self._samples_if_it_follows(packet)
            if not samples:
                return
            body.append((packet, samples))
            length += samples
            size += packet.size
            if length >= self._sizes.range_s * self._rate or size >= self._sizes.range_bytes:
                complete = codec.complete(samples_in + length)
                part = self._range(codec, body, samples_in, samples_out, complete)
                if length < _SHORTEST_RANGE_S * self._rate or not part:
                    self._may_have_ranges = False
                    return
                self._recent = _last_packets(codec, [*self._recent, *body])
                samples_in, samples_out = samples_in + length, complete
                self._ranges.append(part)
                self._unfinished, body = [], []
                length = size = 0
                yield part

    def _range(
        self, codec: RangeCodec, body: Sequence[SteadyPacket], samples_in: int, samples_out: int, end: int
    ) -> Range | None:
        """The range [samples_out - CHECKED, end) at 16 kHz, whose `body` begins at sample `samples_in`.

        None if the packets before it do not reach back far enough.
        """
        first = samples_out - CHECKED
        origin = codec.first_sample(first)
        begin, start = len(self._recent), samples_in
        while start > origin and begin:
            begin -= 1
            start -= self._recent[begin][1]
        begin -= codec.packets_before
        if start > origin or begin < 0:
            return None
        lead_in = self._recent[begin:]
        packets, samples = zip(*lead_in, *body, strict=True)
        drop = first - origin * SAMPLE_RATE // codec.rate
        return Range(packets, samples, codec.packets_before, origin - start, drop, end - first, body=len(lead_in))

    def _steady_samples(self, packet: Packet[AudioStream], frames: Sequence[AudioFrame], steady: int) -> int:
        """Return the samples of steady sound with this packet, when there were `steady` before it."""
        if not self._may_have_ranges:
            return 0
        samples = self._samples_if_it_follows(packet)
        if not samples or [frame.samples for frame in frames] != [samples]:
            self._recent = ()
            return 0
        self._codec = self._codec or RangeCodec.of_track(self._track.stream, frames[0], self._channels)
        if not self._codec or frame_format(frames[0]) != self._codec.frames:
            self._may_have_ranges = False
            return 0
        self._recent = _last_packets(self._codec, [*self._recent, (packet, samples)])
        return steady + samples

    def _samples_if_it_follows(self, packet: Packet[AudioStream]) -> int:
        """The samples that a packet should have if it follows directly on the one before and needs no special care;
        else 0."""
        follows = packet.pts is not None and packet.pts == self._next_pts
        self._next_pts = None if packet.pts is None else packet.pts + (packet.duration or 0)
        sound = packet.size and not packet.is_corrupt and not packet.is_discard
        if not follows or not sound or next(packet.iter_sidedata(), None):
            return 0
        samples, rest = divmod((packet.duration or 0) * self._per_tick[0], self._per_tick[1])
        return 0 if rest else samples

    def _resampled(self, frame: AudioFrame | None) -> Iterator[Sound]:
        try:
            yield from self._without_dropped(self._resampler.push(frame))
        except MEDIA_ERRORS:
            self._track.corrupt += 1  # the frame is not in the format that it declares
            self._may_have_ranges = False

    def _without_dropped(self, sounds: Iterable[Sound]) -> Iterator[Sound]:
        for sound in sounds:
            dropped = min(self._drop, len(sound))
            self._drop -= dropped
            if len(sound) > dropped:
                self._last = np.concatenate([self._last, sound[dropped:]])[-CHECKED:]
                yield sound[dropped:]


def _last_packets(codec: RangeCodec, packets: Sequence[SteadyPacket]) -> Sequence[SteadyPacket]:
    """The last packets, as many as a range that follows them can need."""
    begin, missing = len(packets), codec.longest_lead
    while missing > 0 and begin:
        begin -= 1
        missing -= packets[begin][1]
    return packets[max(0, begin - codec.packets_before) :]
