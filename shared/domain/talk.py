"""The part of each channel in a conversation, in the few figures by which jobs are found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Talk:
    """The part of a channel: its share of the speech of all channels, and how often it interrupts the other.

    `interruptions` is None where there is no other channel.
    """

    channel: int
    share: float
    interruptions: int | None = None
