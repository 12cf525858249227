"""Speakers told apart by an encoder that knows the truth to a stated noise, and how voiceprints are grouped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from lab.speakers.conversations import Conversation, LabelledClip, Style, string_conversation
from lab.speakers.oracle import OracleEncoder
from lab.speakers.runs import ConversationStream, run_conversation
from shared.domain.options import JobOptions, SpeakerRange
from shared.domain.recording import Recording
from shared.domain.speakers import Speaker
from tests.support.media.speech import speech_like
from worker.pipeline.errors import SpeakersUnavailable
from worker.pipeline.ports import SpeakerEncoder
from worker.pipeline.prepare import Clip, Preparation
from worker.pipeline.segment_speakers import tell_speakers_apart
from worker.pipeline.voiceprints import Voiceprint
from worker.pipeline_builder import VOICE_DETECTORS


@cache
def conversation(speakers: int, seconds: int) -> Conversation:
    voices = {
        f"voice {number}": [
            LabelledClip(speech_like(2.5, seed=20 * number + clip, pauses=[]).samples / 32768, "neutral")
            for clip in range(12)
        ]
        for number in range(3)
    }
    return string_conversation("talk", voices, Style(speakers, seconds), seed=speakers + 2)


def prepared(option: Any, encoder: SpeakerEncoder | None, **options: Any) -> tuple[list[Clip], Preparation]:
    stream = ConversationStream(conversation(2, 60).samples)
    chosen = JobOptions(speakers=option, **options)
    preparation = Preparation(stream, chosen, VOICE_DETECTORS, 1_000, encoder=encoder)
    return [clip for clips in preparation.clips() for clip in clips], preparation


@pytest.mark.parametrize(("speakers", "seconds"), [(2, 60), (3, 90)])
def test_each_segment_holds_one_speaker_and_their_number_is_found(speakers: int, seconds: int) -> None:
    talk = conversation(speakers, seconds)
    figures = run_conversation(talk, OracleEncoder(talk, seed=1))
    assert figures.speakers == figures.true_speakers
    assert figures.found_right > 0.97
    assert figures.two <= 0.02


def test_the_same_recording_has_the_same_speakers_again_and_people_keep_their_word() -> None:
    once, first = prepared("auto", OracleEncoder(conversation(2, 60), seed=1))
    again, second = prepared("auto", OracleEncoder(conversation(2, 60), seed=1))
    assert [clip.segment for clip in once] == [clip.segment for clip in again]
    assert first.speaker_numbers == second.speaker_numbers
    assert first.speaker_numbers[0] == 0
    recording = first.describe(Recording("call.wav", 1, "00", "source"))
    ada = replace(recording.speakers[1], name="Ada", merged_into=0)
    named = replace(recording, speakers=(recording.speakers[0], ada))
    assert second.describe(named) == named


def test_without_speakers_the_segments_are_those_of_an_encoder_that_is_not_there() -> None:
    clips, preparation = prepared("off", None)
    assert preparation.speaker_numbers == ()
    assert preparation.describe(Recording("call.wav", 1, "00", "source")).speakers == ()
    assert clips
    with pytest.raises(SpeakersUnavailable):
        prepared("auto", None)


def voices(number: int, seed: int = 0, common: float = 0.0) -> Iterator[Voiceprint]:
    """Voiceprints of speakers who take turns, with noise; `common` is the length of what all voices share."""
    random = np.random.default_rng(seed)
    *directions, shared = np.linalg.qr(random.normal(size=(32, number + 1)))[0].T
    directions = [direction + common * shared for direction in directions]
    for turn in range(12 * number):
        vector = directions[turn % number] + random.normal(0, 0.5 / np.sqrt(32), 32)
        yield Voiceprint((vector / np.linalg.norm(vector)).astype(np.float32), 3.0)


@pytest.mark.parametrize("number", [1, 2, 4, 6])
def test_the_number_of_speakers_is_estimated_or_given(number: int) -> None:
    prints = list(voices(number))
    estimated = tell_speakers_apart(prints, "auto")
    assert len(estimated.speakers) == number
    assert estimated.numbers[:number] == tuple(range(number))
    assert all(speaker.certainty > 0.9 for speaker in estimated.speakers)
    assert tell_speakers_apart(prints, number).numbers == estimated.numbers
    assert len(tell_speakers_apart(prints, SpeakerRange(1, 3)).speakers) == min(number, 3)


def test_groups_that_are_very_much_alike_are_one_speaker_unless_people_say_two() -> None:
    prints = list(voices(2, common=1.6))
    assert len(tell_speakers_apart(prints, "auto").speakers) == 1
    assert tell_speakers_apart(prints, 2).numbers == (0, 1) * 12


def test_a_segment_too_short_for_a_voiceprint_is_its_neighbours() -> None:
    first, second = list(voices(2))[:2]
    prints = [None, first, second, second, None, second, first, first]
    assert tell_speakers_apart(prints, 2).numbers == (0, 0, 1, 1, 1, 1, 0, 0)
    assert tell_speakers_apart([None], "auto").speakers == (Speaker(0.0),)
    assert tell_speakers_apart([], "auto").speakers == ()
