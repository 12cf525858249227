"""Read the sound of a recording: one of its tracks or each, in one file or several. Runs in the decoder's process."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from av.container import InputContainer
from av.stream import Discard

from shared.domain.options import MOST_TRACKS, TrackOption
from shared.domain.raw_sound import RawSound
from shared.domain.recording import SAMPLE_RATE, AudioFormat, RecordingWarning, Track
from worker.adapters.decoding.aligned_tracks import TrackReader, read_in_step
from worker.adapters.decoding.file_piece import FilePiece
from worker.adapters.decoding.opening import MOST_CHANNELS, columns_of, get_track, open_container
from worker.adapters.decoding.range_decoder import Sound
from worker.adapters.decoding.range_processes import RangeProcesses
from worker.adapters.decoding.track_choice import choose_track, describe_tracks
from worker.pipeline.errors import DecodeFailed, PipelineError, UnsupportedAudio

_MOST_PIECES = 10_000
"""Files that are read on; in one with more, the rest is said to be missing."""


class RecordingReader:
    """The sound of a recording that is open as `file`.

    `raw` tells how to read headerless sound. The tracks are chosen by the first of the files that were put together;
    the ones that follow are resampled to its columns. `warnings` are complete when `sound` has ended.
    """

    def __init__(
        self,
        file: BinaryIO,
        wanted: TrackOption,
        raw: RawSound | None,
        longest_s: float,
        processes: RangeProcesses,
    ) -> None:
        self._file = file
        self._raw = raw
        self._wanted = wanted
        self._longest_s = longest_s
        self._processes = processes
        self._piece = FilePiece(file)
        self._numbers: Sequence[int] = ()
        self._columns: Sequence[int | None] = ()
        self._warnings: set[RecordingWarning] = set()

    @contextmanager
    def open(self) -> Iterator[tuple[AudioFormat, Generator[Sound]]]:
        """Open the recording at its start. Raises PipelineError where there is nothing to decode."""
        with ExitStack() as stack:
            container = stack.enter_context(open_container(self._piece, self._raw))
            tracks = container.streams.audio
            sounding: Mapping[int, bool] = {}
            if self._wanted is None and len(tracks) > 1:
                choice = choose_track(container)
                self._numbers, sounding = [choice.number], choice.sounding
                container = stack.enter_context(open_container(self._piece, self._raw))
            elif self._wanted == "each" and len(tracks) > 1:
                self._numbers = range(min(len(tracks), MOST_TRACKS))
            else:
                self._numbers = [self._wanted if isinstance(self._wanted, int) else 0]
            if len(self._numbers) < len(tracks) and not isinstance(self._wanted, int):
                self._warnings.add(RecordingWarning.OTHER_TRACKS)
            self._columns = [None] * len(self._numbers)
            # The processes for ranges serve one track, with one codec.
            processes = self._processes if len(self._numbers) == 1 else RangeProcesses(1)
            readers = self._open_tracks(stack, self._piece, processes, container)
            described = describe_tracks(tracks, self._numbers, sounding, apart=len(readers) > 1)
            yield self._format(described if len(tracks) > 1 else (), readers), self._sound(readers)

    @property
    def columns(self) -> int:
        """The number of columns of the sound."""
        return sum(filter(None, self._columns))

    @property
    def warnings(self) -> list[RecordingWarning]:
        """The defects of the recording, and what was left out."""
        return [warning for warning in RecordingWarning if warning in self._warnings]

    def _open_tracks(
        self, stack: ExitStack, piece: FilePiece, processes: RangeProcesses, first: InputContainer
    ) -> Sequence[TrackReader | None]:
        """Open the tracks to read, the first one in a container at its start; those that cannot be decoded are None."""
        readers: list[TrackReader | None] = []
        error: PipelineError = DecodeFailed()
        for number, columns in zip(self._numbers, self._columns, strict=True):
            place, container = piece, first
            if readers:  # each has a place of its own in the file
                place = FilePiece(self._file, piece.start)
                container = stack.enter_context(open_container(place))
            try:
                stream = get_track(place, container, number)
            except PipelineError as reason:
                error = reason
                readers.append(None)
                continue
            if any(readers):  # the first one reads the pictures too, to know the length of the recording
                for other in set(container.streams) - {stream}:
                    other.discard = Discard.all
            wanted = columns or columns_of(stream)
            readers.append(TrackReader(place, container, stream, wanted, self._longest_s, processes))
        if not any(readers):
            raise error
        if not all(readers):
            self._warnings.add(RecordingWarning.CORRUPT_AUDIO)
        self._columns = [reader.columns if reader else 1 for reader in readers]
        if self.columns > MOST_CHANNELS:
            raise UnsupportedAudio
        return readers

    def _format(self, tracks: tuple[Track, ...], readers: Sequence[TrackReader | None]) -> AudioFormat:
        opened = [reader for reader in readers if reader]
        lengths = [reader.declared_s for reader in opened if reader.declared_s is not None]
        return AudioFormat(
            codec=opened[0].stream.codec_context.codec.canonical_name,
            sample_rate=opened[0].stream.rate,
            channels=len(readers) if len(readers) > 1 else opened[0].stream.channels,
            duration=round(max(lengths) * SAMPLE_RATE) if lengths and self._piece.is_all else None,
            tracks=tracks,
            track_columns=tuple(reader.columns if reader else 1 for reader in readers) if len(readers) > 1 else (),
        )

    def _sound(self, readers: Sequence[TrackReader | None]) -> Generator[Sound]:
        yield from self._sound_of(readers)
        start = next_start(self._piece, readers)
        for _ in range(_MOST_PIECES):
            if start is None:
                return
            self._warnings.add(RecordingWarning.CONCATENATED)
            piece = FilePiece(self._file, start)
            readers = ()
            with ExitStack() as stack:
                try:
                    container = stack.enter_context(open_container(piece))
                    readers = self._open_tracks(stack, piece, RangeProcesses(1), container)
                except PipelineError:
                    self._warnings.add(RecordingWarning.CORRUPT_AUDIO)
                yield from self._sound_of(readers)
                start = next_start(piece, readers)
        self._warnings.add(RecordingWarning.TRUNCATED)

    def _sound_of(self, readers: Sequence[TrackReader | None]) -> Iterator[Sound]:
        yield from read_in_step(readers)
        opened = [reader for reader in readers if reader]
        reached_s = max((reader.reached_s for reader in opened), default=0)
        if any(reader.is_truncated(reached_s) for reader in opened):
            self._warnings.add(RecordingWarning.TRUNCATED)
        if any(reader.is_corrupt for reader in opened):
            self._warnings.add(RecordingWarning.CORRUPT_AUDIO)


def next_start(piece: FilePiece, readers: Sequence[TrackReader | None]) -> int | None:
    """Return where the next file begins after one that was read by these readers."""
    places = [reader.file for reader in readers if reader] or [piece]
    first = min(places, key=lambda place: place.end)
    return first.next_start()
