"""The conversation in words: a table of its figures by channel, and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from reports.wording import Wording
from shared.findings.conversation import ChannelTalk, Conversation, Response

_MAX_RESPONSES = 3
_MAX_ANSWERS = 3
"""Emotions of a channel whose answers are told, and the emotions of the answers to each: the result has all."""
_LEAST_SHIFT = 0.1
"""The least change of a score that is worth a sentence."""
_MISSING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class ConversationText:
    """A table with a column for each of the `channels`: rows of a label and their cells; and `sentences` below it."""

    channels: list[str]
    rows: list[list[str]]
    sentences: list[str]


def write_conversation(conversation: Conversation | None, words: Wording) -> ConversationText | None:
    """Write the section on a conversation, None where fewer than two channels were measured."""
    if conversation is None or len(conversation.channels) < 2:
        return None
    return ConversationText(
        channels=[words.channel(talk.channel) for talk in conversation.channels],
        rows=[
            [label, *(value(talk) or _MISSING for talk in conversation.channels)]
            for label, value in conversation_figures(words)
        ],
        sentences=list(conversation_sentences(conversation, words)),
    )


def conversation_figures(words: Wording) -> Iterator[tuple[str, Callable[[ChannelTalk], str | None]]]:
    """Yield the label of each figure of a channel, and the function that writes it, None where there is none."""
    texts = words.texts
    yield (
        texts.talk_time,
        lambda talk: texts.talk_share.format(time=words.time(talk.talk), share=words.percent(talk.share)),
    )
    yield texts.longest_turn, lambda talk: longest_turn(talk, words)
    yield texts.turns, lambda talk: str(talk.turns)
    yield texts.answer_time, lambda talk: words.seconds(talk.answers.median) if talk.answers else None
    yield texts.slow_answers, lambda talk: words.seconds(talk.answers.p90) if talk.answers else None
    yield texts.interruptions, lambda talk: str(talk.interruptions)
    yield texts.backchannels, lambda talk: str(talk.backchannels)
    yield (
        texts.loudness,
        lambda talk: None if talk.level is None else texts.level.format(number=f"{talk.level:.0f}"),
    )


def longest_turn(talk: ChannelTalk, words: Wording) -> str | None:
    """Write the longest turn of a channel, None where it has none."""
    if talk.longest_turn is None:
        return None
    span = words.span(talk.longest_turn.start, talk.longest_turn.end)
    return words.texts.talk_share.format(time=words.time(talk.longest_turn.duration), share=span)


def conversation_sentences(conversation: Conversation, words: Wording) -> Iterator[str]:
    """Yield the sentences on the whole conversation, on answers to emotions, and on the meaning of the figures."""
    texts, longest = words.texts, conversation.longest_silence
    if conversation.overlap:
        yield texts.overlap.format(time=words.short_time(conversation.overlap))
    if conversation.silence and longest:
        yield texts.silence.format(
            time=words.short_time(conversation.silence), span=words.span(longest.start, longest.end)
        )
    for talk in conversation.channels:
        responses = [response for response in conversation.responses if response.channel == talk.channel]
        yield from (response_sentence(response, conversation, words) for response in responses[:_MAX_RESPONSES])
    yield texts.turns_defined


def response_sentence(response: Response, conversation: Conversation, words: Wording) -> str:
    """Write how a channel answers an emotion of the other, with the greatest change of a score."""
    texts = words.texts
    speaker = next(talk.channel for talk in conversation.channels if talk.channel != response.channel)
    answers = (f"{words.emotion(emotion)} {count}" for emotion, count in islice(response.answers.items(), _MAX_ANSWERS))
    sentence = texts.response.format(
        speaker=words.channel(speaker),
        emotion=words.emotion(response.emotion),
        channel=words.channel(response.channel),
        answers=texts.separator.join(answers),
        cases=response.cases,
    )
    emotion, shift = max((response.shift or {"": 0.0}).items(), key=lambda item: abs(item[1]))
    if abs(shift) >= _LEAST_SHIFT:
        template = texts.score_higher if shift > 0 else texts.score_lower
        sentence += template.format(emotion=words.emotion(emotion), points=f"{100 * abs(shift):.0f}")
    return sentence
