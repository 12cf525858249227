"""Select the channels of a recording to analyse, and name them by their roles."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.options import MOST_APART, JobOptions
from shared.domain.recording import AudioFormat, ChannelMode
from worker.pipeline.errors import ChannelMissing


def check_channels(options: JobOptions, sound: AudioFormat) -> None:
    """Check that a file has the channels to analyse.

    A channel selected by its role needs a file with a channel for each role.

    Raises:
        ChannelMissing: the file lacks one of them.
    """
    needed = (len(options.roles) if isinstance(channel, str) else channel + 1 for channel in options.analyse or ())
    if max(needed, default=0) > separable_channels(sound):
        raise ChannelMissing


def selected_channels(options: JobOptions, mode: ChannelMode, columns: int) -> Sequence[int]:
    """The numbers of the channels to analyse among the `columns` of the sound; all of them if channels were mixed."""
    if mode is ChannelMode.MIX or options.analyse is None:
        return range(columns)
    return sorted(
        {options.roles.index(channel) if isinstance(channel, str) else channel for channel in options.analyse}
    )


def channel_roles(options: JobOptions, mode: ChannelMode, sound: AudioFormat) -> tuple[str, ...]:
    """The roles of a file's channels; empty if they were mixed or are fewer than the roles.

    Sound tracks that are channels without a role are named by what the file says of them.
    """
    if mode is ChannelMode.MIX:
        return ()
    if not sound.track_columns:
        return options.roles if len(options.roles) <= separable_channels(sound) else ()
    roles = options.roles[: sound.channels]
    names = [track.name for track in sound.tracks[len(roles) : sound.channels]]
    taken = [*roles, *names]
    unique = (name if taken.count(name) == 1 else f"{name} ({number})" for number, name in enumerate(names, len(roles)))
    return (*roles, *unique)


def selection_ignored(options: JobOptions, mode: ChannelMode, sound: AudioFormat) -> bool:
    """Return True if roles or selected channels had no effect although the options do not ask for a mix."""
    if options.channels == "mix" or sound.track_columns:
        return False
    all_mixed = mode is ChannelMode.MIX and options.analyse is not None
    return all_mixed or channel_roles(options, mode, sound) != options.roles


def separable_channels(sound: AudioFormat) -> int:
    """The number of channels that can be analysed each by itself; 0 where all are mixed."""
    return sound.channels if sound.track_columns or sound.channels <= MOST_APART else 0
