"""Put the decoded frames of a sound track on a timeline without gaps. Runs in the decoder's process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from shared.services.file_type import tag_length
from worker.adapters.decoding.declared_length import DeclaredLength
from worker.adapters.decoding.unread_sound import PROTECTED
from worker.pipeline.errors import UnsupportedMedia

MEDIA_ERRORS = (av.FFmpegError, OSError, ValueError)
"""The errors that FFmpeg raises on a broken file; OSError when it seeks outside of it."""
_JITTER_S = 0.1
"""Timestamps of some containers are rounded, or wander, by this much although no sound is missing."""
_LONGEST_BLIND_GAP_S = 600
"""A longer gap in a file that does not state its length is a broken timestamp, not lost sound."""
_MOST_DRIFT = 0.01
"""A recorder's clock that differs by more from its timestamps has another fault."""
_SILENCE_S = 1
_ROUNDING_S = 0.002
"""Timestamps in milliseconds are a little off where a packet was lost, too."""
_LATEST_START_S = 600
"""MP4 and MOV say when a track begins after the start of the recording; later, it is the time of a live stream."""
_AMR_PAUSES = {"amr_nb": {8, 9, 10, 11, 15}, "amr_wb": {9, 14, 15}}
"""The kinds of frames without speech of AMR's codecs, which FFmpeg does not decode: comfort noise, lost, no data (3GPP
TS 26.101, 26.201)."""
_AMR_FRAME_S = 0.02


class TrackFrames:
    """The frames of a sound track from the start of the recording, on its timeline.

    `others_s` is the end of the last packet of pictures or of other tracks, in seconds by the file's clock. `corrupt`
    counts packets that did not decode; `cut_short` is set by `finish` if the end of the file is missing. `context` is
    the track's decoder. A file that continues another one (`continues`) begins with its first timestamp.
    """

    def __init__(
        self, container: InputContainer, stream: AudioStream, declared: DeclaredLength, *, continues: bool = False
    ) -> None:
        self._container = container
        self.stream = stream
        self.context = stream.codec_context
        self.corrupt = 0
        self.cut_short = False
        self._lost = False
        # Packets that failed since the last good one: damage if a good one follows, otherwise the end is missing.
        self._bad = 0
        self._tick_s = float(stream.time_base or 0)
        start_s = (container.start_time or 0) / av.time_base
        starts_at_zero = "mp4" in container.format.name.split(",") and 0 < start_s <= _LATEST_START_S
        has_zero = starts_at_zero and not continues
        self._start_s = 0.0 if has_zero else start_s
        self._position_s = 0.0
        self.others_s = 0.0
        self._declared = declared
        begins_s = max(0.0, (stream.start_time or 0) * self._tick_s - self._start_s)
        self._last_s = None if declared.seconds is None else declared.seconds + begins_s
        self._catching_up = False
        self._caught_up_s = 0.0
        # The end of the last frame by its timestamp, and its length.
        self._frame_end_s: float | None = None
        self._frame_s = 0.0

    def packets(self) -> Iterator[Packet[AudioStream]]:
        """Yield the packets of the track, the last one empty."""
        streams = self._container.streams
        packets = self._container.demux(*streams.audio, *streams.video)
        while True:
            try:
                packet = next(packets)
                if packet.stream.index == self.stream.index:  # the packet's own index is 0 if it is empty
                    yield cast("Packet[AudioStream]", packet)
                elif packet.pts is not None:
                    end = packet.pts + (packet.duration or 0)
                    self.others_s = max(self.others_s, float(end * packet.time_base))
            except StopIteration:
                return
            except (*MEDIA_ERRORS, IndexError):  # PyAV raises IndexError for a packet of a stream that appears later
                self._lost = True  # the demuxer cannot go on; the sound before is good
                return

    def frames(self, packet: Packet[AudioStream]) -> Iterator[AudioFrame]:
        """Yield the frames of the next packet, with silence in place of lost sound.

        A timestamp that jumps back, or out of the recording, is broken: its frame follows directly on the one before.
        Where the timestamps run slower than the sound, frames are left out.
        """
        for frame in self._decoded(packet):
            at_s = frame.pts * self._tick_s if self._tick_s and frame.pts is not None else None
            if at_s is not None:
                gap_s = self._gap_s(at_s, max(self._frame_s, frame.samples / frame.sample_rate))
                if self.runs_ahead(frame, at_s, gap_s):
                    self._frame_end_s = at_s + self._frame_s
                    continue
                last_s = self._last_s
                impossible = self._position_s + gap_s > last_s + 1 if last_s else gap_s > _LONGEST_BLIND_GAP_S
                if gap_s < -_JITTER_S or impossible:
                    self._start_s += gap_s
                elif gap_s > 0:
                    yield from silence(frame, gap_s)
                    self._position_s += gap_s
            self.advance(frame.samples, frame.sample_rate)
            self._frame_s = frame.samples / frame.sample_rate
            self._frame_end_s = None if at_s is None else at_s + self._frame_s
            yield frame

    def runs_ahead(self, frame: AudioFrame, at_s: float, gap_s: float) -> bool:
        """Tell whether the sound up to here is so much longer than the timestamps say that this frame must be left out.

        A clock runs slow where each frame has followed on the one before, and the sound is ahead by under a hundredth.
        """
        ahead_s = self._start_s + self._position_s - at_s
        if self._catching_up:
            self._catching_up = ahead_s > frame.samples / frame.sample_rate / 2
        elif gap_s < -_JITTER_S and self._frame_end_s is not None:
            follows = abs(at_s - self._frame_end_s) < _JITTER_S / 2
            self._catching_up = follows and self._position_s - self._caught_up_s > ahead_s / _MOST_DRIFT
        if self._catching_up:
            self._caught_up_s = self._position_s
        return self._catching_up

    def _gap_s(self, at_s: float, frame_s: float) -> float:
        """Seconds of lost sound before a frame with this timestamp; negative if it is too early, 0 for mere jitter.

        `frame_s` is the length of a whole frame, which the first one of Opus is not.

        Under `_JITTER_S` only whole frames can be lost: the timestamp has jumped by their length, and so much sound is
        missing altogether.
        """
        late_s = at_s - self._start_s - self._position_s
        if abs(late_s) > _JITTER_S:
            return late_s
        if self._frame_end_s is None or not frame_s:
            return 0.0
        jump_s = at_s - self._frame_end_s
        lost_s = round(jump_s / frame_s) * frame_s
        is_hole = lost_s > 0 and abs(jump_s - lost_s) <= max(_ROUNDING_S, self._tick_s) and late_s > lost_s / 2
        return lost_s if is_hole else 0.0

    def advance(self, samples: int, sample_rate: int) -> None:
        """Move on by sound that is decoded elsewhere and has no gap before it."""
        self._position_s += samples / sample_rate
        self._frame_end_s = None

    def finish(self) -> None:
        """Take note of the end of the packets."""
        self.cut_short |= self._lost or self._bad > 0

    def _decoded(self, packet: Packet[AudioStream]) -> Sequence[AudioFrame]:
        try:
            frames = self.context.decode(packet)
        except MEDIA_ERRORS as error:
            if pause := self._amr_pause(packet):
                return [pause]
            if rest := _without_tag(packet):
                return self._decoded(rest)
            if packet.has_sidedata("encryption_info"):
                raise UnsupportedMedia(PROTECTED) from error
            self._bad += 1
            return ()
        if packet.size:
            self.corrupt += self._bad
            self._bad = 0
            self.cut_short = packet.is_corrupt and not self._declared.is_stream
        return frames

    def _amr_pause(self, packet: Packet[AudioStream]) -> AudioFrame | None:
        """The silent frame in place of an AMR frame without speech; None if the packet is another one."""
        kinds = _AMR_PAUSES.get(self.context.codec.canonical_name, ())
        if not packet.size or bytes(packet)[0] >> 3 & 0xF not in kinds:
            return None
        frame = AudioFrame(format=self.context.format.name, layout=self.context.layout.name, samples=1)
        frame.sample_rate = self.context.sample_rate
        pause = next(silence(frame, _AMR_FRAME_S))
        pause.pts = packet.pts
        return pause


def _without_tag(packet: Packet[AudioStream]) -> Packet[AudioStream] | None:
    """The frame of MP3 behind tags within a stream, which FFmpeg takes for a part of the frame, if there is one."""
    content, place = bytes(packet), 0
    while length := tag_length(content, place):
        place += length
    if not 0 < place < len(content):
        return None
    rest = cast("Packet[AudioStream]", Packet(content[place:]))
    rest.pts, rest.time_base = packet.pts, packet.time_base
    return rest


def silence(like: AudioFrame, seconds: float) -> Iterator[AudioFrame]:
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
