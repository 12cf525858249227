"""The conversation in figures, and stretches in which a speaker shows more of an emotion than usual."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from shared.domain.recording import to_ms
from shared.findings.conversation import AnswerTimes, ChannelTalk, Conversation, Response, Stretch
from shared.findings.rises import Rise
from shared.schemas.document import Document, RoleOf


class StretchDocument(Document):
    start_ms: int = Field(examples=[61200])
    end_ms: int = Field(examples=[83900])

    @classmethod
    def from_stretch(cls, stretch: Stretch) -> Self:
        return cls(start_ms=to_ms(stretch.start), end_ms=to_ms(stretch.end))


class AnswerTimesDocument(Document):
    """Times from the end of the other's turn to the start of the channel's own; negative where the turns overlap."""

    count: int = Field(examples=[23])
    median_ms: int = Field(examples=[420])
    p90_ms: int = Field(examples=[1810])
    """Nine of ten answers come within this time."""

    @classmethod
    def from_times(cls, times: AnswerTimes) -> Self:
        return cls(count=times.count, median_ms=to_ms(times.median), p90_ms=to_ms(times.p90))


class ChannelTalkDocument(Document):
    """A channel's part in the conversation. Numbers of turns are null where no other channel was measured."""

    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    talk_ms: int = Field(examples=[184300])
    """How long it speaks."""
    talk_share: float = Field(examples=[0.54])
    """Its share of the talk of all channels."""
    longest_turn: StretchDocument | None
    """Its longest monologue."""
    level_dbfs: float | None = Field(examples=[-23.4])
    """The median level of its speech; null without speech, and where the channel is not analysed."""
    turns: int | None = Field(examples=[24])
    answers: AnswerTimesDocument | None
    """Null where it answers nothing."""
    interruptions: int | None = Field(examples=[2])
    """How often it begins to speak while the other does, who then stops."""
    backchannels: int | None = Field(examples=[11])
    """How many utterances of under a second it has, such as "mhm"; they take no turn."""

    @classmethod
    def from_talk(cls, talk: ChannelTalk, role_of: RoleOf) -> Self:
        return cls(
            channel=talk.channel,
            role=role_of(talk.channel),
            talk_ms=to_ms(talk.talk),
            talk_share=talk.share,
            longest_turn=StretchDocument.from_stretch(talk.longest_turn) if talk.longest_turn else None,
            level_dbfs=talk.level,
            turns=talk.turns,
            answers=AnswerTimesDocument.from_times(talk.answers) if talk.answers else None,
            interruptions=talk.interruptions,
            backchannels=talk.backchannels,
        )


class ResponseDocument(Document):
    """How a channel answers an emotion of the other: its turns that follow a turn of the other with this emotion."""

    channel: int = Field(examples=[0])
    role: str | None = Field(examples=["agent"])
    emotion: str = Field(examples=["angry"])
    """The emotion of the other."""
    cases: int = Field(examples=[9])
    """The number of the answers, five at least."""
    answers: dict[str, int] = Field(examples=[{"neutral": 7, "happy": 2}])
    """The number of the answers by their own emotion, most frequent first."""
    score_shift: dict[str, float] | None = Field(examples=[{"neutral": 0.12, "happy": -0.09, "sad": -0.03}])
    """By how much the scores of these answers differ in the mean from those of the channel's other answers; null where
    these are under five."""

    @classmethod
    def from_response(cls, response: Response, role_of: RoleOf) -> Self:
        return cls(
            channel=response.channel,
            role=role_of(response.channel),
            emotion=response.emotion,
            cases=response.cases,
            answers=dict(response.answers),
            score_shift=None if response.shift is None else dict(response.shift),
        )


class ConversationDocument(Document):
    """docs/explanation/conversation.md defines the figures."""

    channels: list[ChannelTalkDocument]
    overlap_ms: int | None = Field(examples=[5200])
    """How long several channels speak at once; null where one was measured."""
    silence_ms: int | None = Field(examples=[61000])
    """How long nobody speaks; null where a channel was not measured."""
    longest_silence: StretchDocument | None
    """Null where there is no silence, and as `silence_ms`."""
    responses: list[ResponseDocument]

    @classmethod
    def from_conversation(cls, conversation: Conversation, role_of: RoleOf) -> Self:
        longest = conversation.longest_silence
        return cls(
            channels=[ChannelTalkDocument.from_talk(talk, role_of) for talk in conversation.channels],
            overlap_ms=None if conversation.overlap is None else to_ms(conversation.overlap),
            silence_ms=None if conversation.silence is None else to_ms(conversation.silence),
            longest_silence=StretchDocument.from_stretch(longest) if longest else None,
            responses=[ResponseDocument.from_response(response, role_of) for response in conversation.responses],
        )


class RiseDocument(Document):
    """A stretch of a channel with more of an emotion than is usual for it in this recording."""

    channel: int = Field(examples=[1])
    role: str | None = Field(examples=["customer"])
    emotion: str = Field(examples=["angry"])
    start_ms: int = Field(examples=[750000])
    end_ms: int = Field(examples=[840000])
    speech_ms: int = Field(examples=[8000])
    """How much of it is speech."""
    score: float = Field(examples=[0.71])
    """The mean score in it."""
    usual: float = Field(examples=[0.12])
    """The median score of the channel."""

    @classmethod
    def from_rise(cls, rise: Rise, role_of: RoleOf) -> Self:
        return cls(
            channel=rise.channel,
            role=role_of(rise.channel),
            emotion=rise.emotion,
            start_ms=to_ms(rise.start),
            end_ms=to_ms(rise.end),
            speech_ms=to_ms(rise.speech),
            score=rise.score,
            usual=rise.usual,
        )
