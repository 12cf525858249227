"""Choose the sound track of a file that has several. Runs in the decoder's process."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from av.container import InputContainer
from av.stream import Disposition

from shared.domain.recording import SAMPLE_RATE
from worker.adapters.decoding.decoded_timeline import MEDIA_ERRORS
from worker.adapters.decoding.resampling import Resampler

_SEARCHED = 600 * SAMPLE_RATE
"""Samples from the start of a track in which sound is searched; a track that is silent for longer has none."""
_SILENT = 3
"""The largest sample of silence: codecs make a little noise of it."""


def choose_track(open_container: Callable[[], InputContainer]) -> int:
    """Return the number of the first sound track with sound, of those that are marked as default, else of the others.

    Recorders of screens and meetings write several, of which the first may be silent. If none has sound, it is the
    default one. `open_container` opens the file at its start.
    """
    with open_container() as container:
        tracks = container.streams.audio
        order = sorted(range(len(tracks)), key=lambda number: not tracks[number].disposition & Disposition.default)
    return next((number for number in order if has_sound(open_container, number)), order[0])


def has_sound(open_container: Callable[[], InputContainer], number: int) -> bool:
    resampler, searched = Resampler(channels=2), 0
    with open_container() as container:
        try:
            for frame in container.decode(audio=number):
                for sound in resampler.push(frame):
                    searched += len(sound)
                    if np.abs(sound.astype(np.int32)).max() > _SILENT:
                        return True
                if searched > _SEARCHED:
                    return False
            return any(np.abs(sound.astype(np.int32)).max() > _SILENT for sound in resampler.push(None))
        except (*MEDIA_ERRORS, IndexError, AttributeError):  # AttributeError where FFmpeg has no decoder for it
            return False
