"""Which channels of a recording the options choose, and what they call them."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.options import MOST_APART, JobOptions
from shared.domain.recording import ChannelMode
from worker.pipeline.errors import ChannelMissing


def check(options: JobOptions, channels: int) -> None:
    """Whether a file of so many channels has those that are to be analysed.

    Raises:
        ChannelMissing: it has not. Roles are those of a file that has a channel for each.
    """
    needed = (len(options.roles) if isinstance(channel, str) else channel + 1 for channel in options.analyse or ())
    if max(needed, default=0) > _apart(channels):
        raise ChannelMissing


def numbers(options: JobOptions, mode: ChannelMode, columns: int) -> Sequence[int]:
    """The numbers of the channels to analyse, out of the `columns` of the sound; of a mix all there is."""
    if mode is ChannelMode.MIX or options.analyse is None:
        return range(columns)
    return sorted(
        {options.roles.index(channel) if isinstance(channel, str) else channel for channel in options.analyse}
    )


def roles(options: JobOptions, mode: ChannelMode, channels: int) -> tuple[str, ...]:
    """The names of the channels of a file that has so many; none where they were mixed or are fewer than the names."""
    return options.roles if mode is ChannelMode.SPLIT and len(options.roles) <= _apart(channels) else ()


def disregarded(options: JobOptions, mode: ChannelMode, channels: int) -> bool:
    """Whether roles or a choice of channels came to nothing, and not because the options themselves say `mix`."""
    if options.channels == "mix":
        return False
    whole = mode is ChannelMode.MIX and options.analyse is not None
    return whole or roles(options, mode, channels) != options.roles


def _apart(channels: int) -> int:
    return channels if channels <= MOST_APART else 0
