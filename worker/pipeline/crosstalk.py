"""Find how much of each channel leaks into the others, and which speech is only another channel's."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from shared.domain.recording import SAMPLE_RATE
from worker.pipeline.ports import Floats, Samples
from worker.pipeline.speech import FLOOR_DB, HOP

_RATE = SAMPLE_RATE // 2
"""Hz. Speech has little power above 4 kHz, and pairs of samples are quickly added."""
_STEP = HOP // 2
_FRAME = 21 * _STEP
"""Samples over which the levels of the channels are compared, 210 ms; a whole number of frames is a block."""
_ACTIVE_DB = -50.0
_LOUDER = 2.0
"""A channel that is heard in the other is louder there by at least so much power: 3 dB."""
_ALONE_PERCENTILE = 20
_ALONE = 4.0
"""A channel that is heard in the other speaks alone where the other has at most 6 dB more than where it has little."""
_WELL_EXPLAINED = 0.02
"""A share of the power of the target. Where a fifth of the frames have no more left without the leak, others that have
much more have a voice of their own, and a second fit does without them. In a room with an echo all have more left."""
_LEAST_FRAMES = 3
"""Frames of one voice alone, 0.6 s, from which a leak can be told from chance."""
_REMEMBERED = 0.9
"""Weight of what was learned before each block: a leak changes with a headset that is moved."""
_TAPS = 256
"""Samples of the leak's impulse response, 32 ms: from headphones to a microphone, or a hybrid's echo."""
_TAPS_BEFORE = 16
"""Samples of these before the strongest."""
_LONGEST_DELAY = 400
"""The latest that the strongest may be, in samples: 50 ms."""
_LEAST_CORRELATION = 0.03
"""Square of the correlation at the best delay under which there is no leak to be computed."""
_LEAST_EXPLAINED = 0.3
_CHANCE = 2.0
"""The share of the power of one channel that follows from the other, while that one speaks alone, must be over 0.3 and
over this number divided by the frames. Independent noise and voices have 0.06 after six frames."""
_MARGIN = 4.0
"""What is left of a channel without the leak must exceed what the leak leaves, by so much power, to be a voice."""
_MOST_REMAINDER = 0.5
_REMEMBERED_BLOCKS = 6
_NOISE_PERCENTILE = 10
_LASTING = 20
"""Steps, 0.2 s, for which a voice detector may go on to hear what has just ended."""
_SMOOTHED = 9
"""Steps over which powers are compared."""
_REGULARIZATION = 1e-5
_EXACT = 0.03
"""The remainder of an exact leak: by a cable or a headset 0.001 to 0.03, by a room with an echo more."""
_MOST_LOOP = 0.5
"""What leaks there and back is in the prediction too, and would be taken off a channel's own voice, a quarter of it at
-6 dB each way. From half of it on the filters are not right."""


class OwnSound(NamedTuple):
    """A block with each channel's own `sound` [n, channels]: as recorded where there is no crosstalk.

    Where there is, it lacks the other voice up to 4 kHz, and is for a voice detector, not to be listened to.
    `shares` [channels, steps] is the share of the power that is a channel's own: 1 without crosstalk, and
    0 where there is no voice but another channel's.
    """

    sound: Samples
    shares: Floats


class CrosstalkFinder:
    """Follows the leaks between the channels of a recording, given in blocks."""

    def __init__(self) -> None:
        self._leaks: dict[tuple[int, int], _Leak] = defaultdict(_Leak)  # by the channel it is heard in, and its own
        self._before: Floats | None = None

    def separate(self, block: Samples) -> OwnSound:
        """Compute each channel's own sound in the next block [n, channels]."""
        channels, steps = block.shape[1], -(-len(block) // HOP)
        shares = np.ones((channels, steps), np.float32)
        if channels == 1:
            return OwnSound(block, shares)
        missing = -len(block) % (2 * _FRAME)
        sound = _halved(np.pad(block, ((0, missing), (0, 0))) if missing else block)
        frames = sound.reshape(channels, -1, _FRAME)
        powers = np.einsum("ijk,ijk->ij", frames, frames) / _FRAME
        for channel, source in permutations(range(channels), 2):
            self._leaks[channel, source].learn((frames[source], frames[channel]), (powers[source], powers[channel]))
        before = np.zeros((channels, _HISTORY), np.float32) if self._before is None else self._before
        self._before = sound[:, -_HISTORY:]
        found = [pair for pair, leak in self._leaks.items() if leak.found]
        if not found:
            return OwnSound(block, shares)
        with_history = np.concatenate([before, sound], axis=1)
        # Imported here because it takes long, and most recordings do not need it. It is three times as fast as numpy's.
        from scipy.fft import irfft, rfft

        size = _fft_size(with_history.shape[1] + _TAPS)
        spectra = rfft(with_history, size)
        responses = {pair: self._leaks[pair].response(size) for pair in found}
        least: dict[int, float] = {}
        own_sound = block.copy()
        for channel, source in found:
            leaked = responses[channel, source] * spectra[source]
            left = spectra[channel] - leaked
            if all(pair in responses and self._leaks[pair].is_exact for pair in ((channel, source), (source, channel))):
                loop = responses[channel, source] * responses[source, channel]
                left /= 1 - np.where(np.abs(loop) < _MOST_LOOP, loop, 0)
            removed = (spectra[channel] - left) * _as_before_halving(size)
            leaked, left = (irfft(part, size)[_HISTORY : with_history.shape[1]] for part in (leaked, left))
            own = self._leaks[channel, source].own_shares(sound[channel], leaked, left)[:steps]
            shares[channel] = np.minimum(shares[channel], own)
            power = float(left @ left)
            if power < least.get(channel, np.inf):
                least[channel] = power
                voice = irfft(removed, 2 * size)[2 * _HISTORY :][: len(block)]
                own_sound[:, channel] = np.rint((block[:, channel] - voice).clip(-32_768, 32_767))
        return OwnSound(own_sound, shares)


class _Leak:
    """The leak of one channel, the source, into the other, the target: a filter, learned while the source talks."""

    def __init__(self) -> None:
        self._frames = 0.0
        self._source = np.zeros(_FRAME // 2 + 1)
        self._target = np.zeros(_FRAME // 2 + 1)
        self._cross = np.zeros(_FRAME // 2 + 1, np.complex128)
        self._taps: NDArray[np.floating] = np.zeros(_TAPS)
        self._delay = 0
        self._remainder = 1.0
        self._ratios: deque[float] = deque(maxlen=_REMEMBERED_BLOCKS)
        self._noises: deque[float] = deque(maxlen=_REMEMBERED_BLOCKS)

    def learn(self, frames: Sequence[Floats], powers: Sequence[Floats]) -> None:
        """Learn from the next frames of the source and the target, [frames, _FRAME] each, with their powers."""
        source_power, target_power = powers
        louder = np.flatnonzero((source_power > _ACTIVE_POWER) & (source_power > _LOUDER * target_power))
        if not louder.size:
            return
        # Where the target speaks too there is more in it.
        ratio = target_power[louder] / source_power[louder]
        self._ratios.append(float(np.percentile(ratio, _ALONE_PERCENTILE)))
        alone = louder[ratio <= _ALONE * min(self._ratios)]
        one, other = (np.fft.rfft(part[alone] * _WINDOW) for part in frames)
        count, sources, targets, crosses = self._frames, self._source, self._target, self._cross
        for _ in range(2):
            fits = self._explained(one, other)
            self._frames = count * _REMEMBERED + np.count_nonzero(fits)
            self._source = sources * _REMEMBERED + _powers(one[fits]).sum(axis=0)
            self._target = targets * _REMEMBERED + _powers(other[fits]).sum(axis=0)
            self._cross = crosses * _REMEMBERED + (other[fits] * one[fits].conj()).sum(axis=0)
            if self._frames < _LEAST_FRAMES:
                return
            self._fit()
            if not self.found:
                return

    def _explained(self, source: NDArray[np.complexfloating], target: NDArray[np.complexfloating]) -> NDArray[np.bool_]:
        """Mark the frames [frames, bins] of the target that are nothing but the leak of the source's.

        They are all, unless the leak is known and explains many of them well.
        """
        everything = np.ones(len(source), np.bool_)
        if not self.is_exact or not len(source):
            return everything
        left = _powers(target - self.response(_FRAME) * source).sum(axis=1)
        left /= np.maximum(_powers(target).sum(axis=1), 1)
        usual = np.percentile(left, _ALONE_PERCENTILE)
        return left <= max(_WELL_EXPLAINED, _ALONE * usual) if usual <= _WELL_EXPLAINED else everything

    def _fit(self) -> None:
        own = np.fft.irfft(self._source, _FRAME)
        cross = np.fft.irfft(self._cross, _FRAME)
        power = np.fft.irfft(self._target, _FRAME)[0]
        lags = np.arange(-_TAPS_BEFORE, _LONGEST_DELAY)
        peak = int(lags[np.abs(cross[lags]).argmax()])
        if cross[peak] ** 2 <= _LEAST_CORRELATION * own[0] * power:
            self._remainder = 1.0
            return
        self._delay = peak - _TAPS_BEFORE
        wanted = cross[np.arange(self._delay, self._delay + _TAPS)]
        # Imported here because it takes long, and most recordings do not need it. numpy's `solve` would start threads.
        from scipy.linalg import solve_toeplitz

        column = own[:_TAPS].copy()
        column[0] *= 1 + _REGULARIZATION
        self._taps = solve_toeplitz(column, wanted)
        self._remainder = 1 - float(self._taps @ wanted / power)

    @property
    def found(self) -> bool:
        least = max(_LEAST_EXPLAINED, _CHANCE / max(self._frames, 1))
        return self._remainder < 1 - least

    @property
    def is_exact(self) -> bool:
        """Whether nearly all of what the source says in the target is explained: not so in a room with an echo."""
        return self._remainder < _EXACT

    def response(self, size: int) -> NDArray[np.complex64]:
        """Compute the frequency response of the leak for transforms of `size` samples, [size // 2 + 1]."""
        impulses = np.zeros(size, np.float32)
        impulses[np.arange(self._delay, self._delay + _TAPS)] = self._taps
        from scipy.fft import rfft

        spectrum: NDArray[np.complex64] = rfft(impulses)
        return spectrum

    def own_shares(self, sound: Floats, leaked: Floats, own: Floats) -> Floats:
        """Compute the shares [steps] of the power of the target's `sound` [n] that its `own` sound [n] has."""
        heard, leak, left = (_step_powers(part) for part in (sound, leaked, own))
        self._noises.append(float(np.percentile(left, _NOISE_PERCENTILE)))
        voice = np.maximum(min(_MOST_REMAINDER, _MARGIN * self._remainder) * heard, _MARGIN * min(self._noises))
        lasting = sliding_window_view(np.pad(leak, (_LASTING - 1, 0)), _LASTING).max(axis=1)
        covered = (lasting > left) & (left < np.maximum(voice, _FLOOR_POWER))
        shares: Floats = np.where(covered, 0, left / np.maximum(left, heard + 1))
        return shares


def _halved(block: Samples) -> Floats:
    """Halve the sample rate of [2 * n, channels], to [channels, n]."""
    halved = np.empty((block.shape[1], len(block) // 2), np.float32)
    for channel, row in enumerate(halved):
        np.add(block[::2, channel], block[1::2, channel], out=row, dtype=np.float32)
    halved /= 2
    return halved


@lru_cache(maxsize=2)
def _as_before_halving(size: int) -> NDArray[np.complex64]:
    """The factors that turn spectra of halved sound, of transforms of `size`, into those of the sound up to 4 kHz."""
    half_step = np.arange(size // 2 + 1) * (np.pi / 2 / size)
    undone: NDArray[np.complex64] = (2 * np.exp(-1j * half_step) / np.cos(half_step)).astype(np.complex64)
    return undone


def _powers(spectra: NDArray[np.complexfloating]) -> NDArray[np.floating]:
    return spectra.real**2 + spectra.imag**2


def _step_powers(sound: Floats) -> Floats:
    steps = sound.reshape(-1, _STEP)
    powers = np.einsum("ij,ij->i", steps, steps) / _STEP
    return np.convolve(powers, np.full(_SMOOTHED, 1 / _SMOOTHED, np.float32), "same")


def _fft_size(least: int) -> int:
    """The least multiple of 1,000 that is not under `least`: the transform is quick for small factors."""
    return -(-least // 1_000) * 1_000


_WINDOW = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
_HISTORY = _LONGEST_DELAY + _TAPS
_ACTIVE_POWER = 10 ** (_ACTIVE_DB / 10) * 32_768**2
_FLOOR_POWER = 10 ** (FLOOR_DB / 10) * 32_768**2
