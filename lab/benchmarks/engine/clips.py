"""Clips of speech as the segmenter cuts them: pieces of the bundled call, of seeded lengths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from shared.domain.recording import SAMPLE_RATE
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.pipeline.channel_mix import ChannelMixer
from worker.pipeline.ports import Samples

SHORTEST_S, LONGEST_S = 3.0, 25.0
_SAMPLE = Path(__file__).parents[3] / "samples" / "call.opus"


def cut_clips(seconds: float, seed: int = 0) -> list[Samples]:
    """Cut clips [n] of 3 to 25 s, `seconds` (at least 3) in all; the call is repeated where it is too short.

    Raises PipelineError when there is no call to cut.
    """
    lengths = [round(length * SAMPLE_RATE) for length in _lengths(seconds, np.random.default_rng(seed))]
    with _SAMPLE.open("rb") as file, FfmpegDecoder(max_duration_s=3600, timeout_s=60).open(file) as stream:
        mixer = ChannelMixer()
        call = np.concatenate([mixer.mix(block) for block in stream.blocks()])
    sound = np.resize(call, sum(lengths))
    return np.split(sound, np.cumsum(lengths)[:-1])


def _lengths(seconds: float, rng: np.random.Generator) -> Iterator[float]:
    while seconds > SHORTEST_S + LONGEST_S:
        length = rng.uniform(SHORTEST_S, LONGEST_S)
        yield length
        seconds -= length
    parts = 2 if seconds >= 2 * SHORTEST_S else 1
    yield from [seconds / parts] * parts
