"""Select the channels of a recording to analyse, and name them by their roles."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.options import MOST_APART, JobOptions
from shared.domain.recording import ChannelMode
from worker.pipeline.errors import ChannelMissing


def check_channels(options: JobOptions, channels: int) -> None:
    """Check that a file of `channels` channels has the ones to analyse.

    A channel selected by its role needs a file with a channel for each role.

    Raises:
        ChannelMissing: the file lacks one of them.
    """
    needed = (len(options.roles) if isinstance(channel, str) else channel + 1 for channel in options.analyse or ())
    if max(needed, default=0) > _separable(channels):
        raise ChannelMissing


def selected_channels(options: JobOptions, mode: ChannelMode, columns: int) -> Sequence[int]:
    """The numbers of the channels to analyse among the `columns` of the sound; all of them if channels were mixed."""
    if mode is ChannelMode.MIX or options.analyse is None:
        return range(columns)
    return sorted(
        {options.roles.index(channel) if isinstance(channel, str) else channel for channel in options.analyse}
    )


def channel_roles(options: JobOptions, mode: ChannelMode, channels: int) -> tuple[str, ...]:
    """The roles of a file's `channels` channels; empty if they were mixed or are fewer than the roles."""
    return options.roles if mode is ChannelMode.SPLIT and len(options.roles) <= _separable(channels) else ()


def selection_ignored(options: JobOptions, mode: ChannelMode, channels: int) -> bool:
    """Return True if roles or selected channels had no effect although the options do not ask for a mix."""
    if options.channels == "mix":
        return False
    all_mixed = mode is ChannelMode.MIX and options.analyse is not None
    return all_mixed or channel_roles(options, mode, channels) != options.roles


def _separable(channels: int) -> int:
    return channels if channels <= MOST_APART else 0
