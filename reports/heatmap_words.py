"""The words in heat maps, in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`emotions` are the names of labels, where they are called otherwise; `channel` has a `{number}`."""

    emotions: Mapping[str, str]
    score: str
    channel: str
    nothing: str
    minutes: str
    hours: str


WORDS: Mapping[Language, Words] = {
    "en": Words(
        emotions={},
        score="score",
        channel="channel {number}",
        nothing="No speech was analysed.",
        minutes="min:s",
        hours="h:min",
    ),
    "zh": Words(
        emotions={
            "angry": "生气",
            "disgusted": "厌恶",
            "fearful": "恐惧",
            "happy": "开心",
            "neutral": "中立",
            "other": "其他",
            "sad": "难过",
            "surprised": "吃惊",
            "unknown": "未知",
        },
        score="得分",
        channel="声道 {number}",
        nothing="没有分析到语音。",
        minutes="分:秒",
        hours="时:分",
    ),
}
