"""Decode sound tracks of a file in step, each by a decoder of its own. Runs in the decoder's process."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from shared.domain.recording import SAMPLE_RATE
from worker.adapters.decoding import ogg
from worker.adapters.decoding.avi_pauses import read_avi_pauses
from worker.adapters.decoding.declared_length import DeclaredLength
from worker.adapters.decoding.decoded_timeline import TrackFrames
from worker.adapters.decoding.edit_list import edited, read_edit_lists
from worker.adapters.decoding.file_piece import FilePiece
from worker.adapters.decoding.opening import IGNORE_EDIT_LISTS, columns_of
from worker.adapters.decoding.range_decoder import Sound
from worker.adapters.decoding.range_processes import RangeProcesses
from worker.adapters.decoding.sound_track import SoundTrack

_STEP = 10 * SAMPLE_RATE
"""Samples of each track that are decoded before those of the next one: the file is read at as many places."""


class TrackReader:
    """The sound of one track of a file, in `columns` columns; `length` counts the samples that were read.

    `declared_s` is how long it plays, as the file declares it.
    """

    def __init__(
        self,
        file: FilePiece,
        container: InputContainer,
        stream: AudioStream,
        columns: int,
        longest_s: float,
        processes: RangeProcesses,
    ) -> None:
        self.file = file
        self.container = container
        self.stream = stream
        self.columns = columns
        self._end_at_open = file.end
        self.declared = DeclaredLength.of(file, container, stream, longest_s)
        self._frames = TrackFrames(container, stream, self.declared, continues=file.start > 0)
        self.length = 0
        self.sound = self.counted(SoundTrack(self._frames, columns_of(stream), processes).sound())
        self.declared_s = self.declared.seconds
        pauses = read_avi_pauses(file, stream.index) if container.format.name == "avi" else ()
        edits = read_edit_lists(file).get(stream.id) if IGNORE_EDIT_LISTS in container.container_options else pauses
        self._pauses_s = float(sum(edit.seconds for edit in pauses if edit.start is None))
        if edits:
            self.sound = edited(self.sound, edits, columns)
            self.declared_s = float(sum(edit.seconds for edit in edits))

    def counted(self, sound: Generator[Sound]) -> Iterator[Sound]:
        """Yield the sound in `columns`, and count it. FFmpeg would make one channel softer in two."""
        with closing(sound):
            for part in sound:
                self.length += len(part)
                if part.shape[1] not in (1, self.columns):
                    part = part.mean(axis=1, keepdims=True).astype(np.int16)
                yield part if part.shape[1] == self.columns else part.repeat(self.columns, axis=1)

    @property
    def is_corrupt(self) -> bool:
        """Whether parts could not be decoded; complete at the end."""
        return self._frames.corrupt > 0

    @property
    def reached_s(self) -> float:
        """Seconds of sound, or of what is beside it, up to now."""
        return max(self.length / SAMPLE_RATE + self._pauses_s, self._frames.others_s)

    def is_truncated(self, reached_s: float) -> bool:
        """Tell, at the end, whether the end of the file is missing, of which `reached_s` seconds were read."""
        is_mp3 = self.container.format.name == "mp3"
        if is_mp3 and not self.file.is_all:
            return False  # tags follow; and programs put advertisements into files that declare their first length
        # A format that states its length at the end has that of another file, if one follows that was not known of.
        is_as_opened = self.file.end == self._end_at_open
        missed = is_as_opened and not (is_mp3 and self.file.start) and self.declared.is_missed_by(reached_s)
        if self.container.format.name == "wv" and not is_as_opened:
            # It states its length at the start, and FFmpeg fails where it is not the end of what was opened.
            return self.declared.is_missed_by(reached_s)
        lacks_end = self.container.format.name == "ogg" and self.file.seekable() and ogg.lacks_its_end(self.file)
        return self._frames.cut_short or missed or lacks_end


def read_in_step(readers: Sequence[TrackReader | None]) -> Iterator[Sound]:
    """Yield the sound of tracks side by side, a track that has ended silent; without a reader it is silent too.

    The tracks have a common start, that of the recording.
    """
    if len(readers) == 1 and readers[0]:
        yield from readers[0].sound
        return
    sounds = [reader.sound if reader else iter(()) for reader in readers]
    waiting = [np.empty((0, reader.columns if reader else 1), np.int16) for reader in readers]
    while True:
        for number, sound in enumerate(sounds):
            parts, missing = [waiting[number]], _STEP - len(waiting[number])
            while missing > 0 and (part := next(sound, None)) is not None:
                parts.append(part)
                missing -= len(part)
            waiting[number] = np.concatenate(parts)
        length = min(_STEP, max(map(len, waiting), default=0))
        if not length:
            return
        yield np.concatenate([np.pad(part[:length], ((0, max(0, length - len(part))), (0, 0))) for part in waiting], 1)
        waiting = [part[length:] for part in waiting]
