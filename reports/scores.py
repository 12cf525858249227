"""The heat map as reports show it: its channels are called what they are called in the text."""

from __future__ import annotations

from dataclasses import replace

from reports.heatmap import heatmap
from reports.subject import Subject
from reports.texts import TEXTS, Language
from reports.wording import Wording


def draw(subject: Subject, lang: Language) -> bytes | None:
    """The PNG of a subject's heat map, if it has one."""
    picture = subject.picture
    if picture is None or len(picture.voices) < 2:
        return heatmap(picture, lang) if picture else None
    words = Wording(TEXTS[lang], subject.recording)
    voices = (replace(voice, role=voice.role or words.channel(voice.number)) for voice in picture.voices)
    return heatmap(replace(picture, voices=tuple(voices)), lang)
