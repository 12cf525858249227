"""The waveform of a recording, at as many points as a picture has room for."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from shared.domain.recording import to_ms
from shared.schemas.document import Document, RoleOf
from shared.waveform import FULL_SCALE, Peaks, Waveform

_DECIMALS = 3


class ChannelWaveformDocument(Document):
    """Parallel arrays, with an entry for each of the equal parts of the time from `start_ms` to `end_ms`."""

    channel: int = Field(examples=[0])
    role: str | None = Field(examples=["agent"])
    min: list[float] = Field(examples=[[-0.031, -0.297]])
    """The lowest sample of each part, -1 to 1."""
    max: list[float] = Field(examples=[[0.023, 0.352]])

    @classmethod
    def from_peaks(cls, channel: int, role: str | None, peaks: Peaks) -> Self:
        lowest, highest = (peaks / FULL_SCALE).round(_DECIMALS).T
        return cls(channel=channel, role=role, min=lowest.tolist(), max=highest.tolist())


class WaveformDocument(Document):
    """What there is of the stretch that was asked for, which may begin and end up to 20 ms outside of it."""

    start_ms: int = Field(examples=[0])
    end_ms: int = Field(examples=[50000])
    channels: list[ChannelWaveformDocument]

    @classmethod
    def from_waveform(cls, waveform: Waveform, role_of: RoleOf) -> Self:
        channels = [
            ChannelWaveformDocument.from_peaks(channel, role_of(channel), waveform.peaks[:, column])
            for column, channel in enumerate(waveform.channels)
        ]
        return cls(start_ms=to_ms(waveform.start), end_ms=to_ms(waveform.end), channels=channels)
