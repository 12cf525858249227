"""Turns of a conversation, from the times at which its channels speak.

docs/explanation/conversation.md defines them, and has the literature.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.domain.recording import SAMPLE_RATE
from shared.domain.speech import SpeechTimes

LONGEST_PAUSE = SAMPLE_RATE
"""The longest silence within an utterance, in samples: at a longer one a stretch of talk ends for `emoline` too."""

SHORT_UTTERANCE = SAMPLE_RATE
"""The length, in samples, under which an utterance is a backchannel such as "mhm" and takes no turn (Edlund et al.)."""

LONGEST_SILENCE = 3 * SAMPLE_RATE
"""The silence, in samples, that ends a turn; in contact centres, "non-talk time" begins there too."""

LEAST_INTERRUPTION = SAMPLE_RATE // 2
"""The overlap, in samples, from which a change of turns is an interruption. Shorter ones are common: speakers foresee
the end of a turn (Levinson and Torreira)."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch [start, end) of a channel's speech, in samples, with pauses up to a second in which nobody speaks."""

    channel: int
    start: int
    end: int

    @property
    def duration(self) -> int:
        """The length in samples, pauses included."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class TurnChange:
    """The end of one channel's turn and the start of another's: `answer` follows `turn`."""

    turn: Utterance
    answer: Utterance

    @property
    def offset(self) -> int:
        """The time from the end of the turn to the start of the answer, in samples; negative where they overlap."""
        return self.answer.start - self.turn.end

    @property
    def interrupts(self) -> bool:
        """Whether the second speaker began while the first was talking, who then stopped."""
        return self.offset <= -LEAST_INTERRUPTION


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of a conversation in order of their start, and the utterances that are backchannels."""

    turns: tuple[Utterance, ...]
    backchannels: tuple[Utterance, ...]

    def changes(self) -> Iterator[TurnChange]:
        """Yield the changes from one channel's turn to another's."""
        for turn, answer in pairwise(self.turns):
            if turn.channel != answer.channel:
                yield TurnChange(turn, answer)


def find_turns(speech: SpeechTimes) -> Turns:
    """Find the turns of a recording.

    A turn is made of the utterances of a channel up to the next one of another channel, or to a silence of three
    seconds. Utterances under a second, and those during which another channel speaks all the time, take no turn.
    """
    utterances = {channel: list(join_utterances(speech, channel)) for channel in speech.channels}
    in_order = sorted((each for several in utterances.values() for each in several), key=lambda each: each.start)
    turns: list[Utterance] = []
    for utterance in in_order:
        rivals = (several for channel, several in utterances.items() if channel != utterance.channel)
        if utterance.duration < SHORT_UTTERANCE or any(is_covered(utterance, several) for several in rivals):
            continue
        last = turns[-1] if turns else None
        if last and last.channel == utterance.channel and utterance.start - last.end < LONGEST_SILENCE:
            turns[-1] = Utterance(utterance.channel, last.start, utterance.end)
        else:
            turns.append(utterance)
    return Turns(tuple(turns), tuple(each for each in in_order if each.duration < SHORT_UTTERANCE))


def is_covered(utterance: Utterance, rivals: Sequence[Utterance]) -> bool:
    """Return whether one of another channel's utterances, in order of their start, lasts all through an utterance."""
    last = bisect_right(rivals, utterance.start, key=lambda rival: rival.start) - 1
    return last >= 0 and rivals[last].end >= utterance.end


def join_utterances(speech: SpeechTimes, channel: int) -> Iterator[Utterance]:
    """Yield the utterances of a channel: its spans, joined over pauses up to a second in which nobody speaks."""
    rivals = [speech.in_channel(number) for number in speech.channels if number != channel]
    rival_starts = [[span.start for span in spans] for spans in rivals]

    def is_silent(start: int, end: int) -> bool:
        for spans, starts in zip(rivals, rival_starts, strict=True):
            last = bisect_left(starts, end) - 1
            if last >= 0 and spans[last].end > start:
                return False
        return True

    start = end = -1
    for span in speech.in_channel(channel):
        pause = span.start - end
        if end >= 0 and (pause == 0 or (pause <= LONGEST_PAUSE and is_silent(end, span.start))):
            end = span.end
        else:
            if end >= 0:
                yield Utterance(channel, start, end)
            start, end = span.start, span.end
    if end >= 0:
        yield Utterance(channel, start, end)
