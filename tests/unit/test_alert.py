"""Rules that a recording meets, and those it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.alert import Alert, AlertRule, find_alerts
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, Recording
from shared.domain.segment import Segment, SegmentOutcome, SegmentResult
from tests.support.segment_results import unfamiliar

SECOND = SAMPLE_RATE
DURATION = 400 * SECOND
CALL = Recording("call.wav", 1, "0" * 64, "jobs/x/source", roles=("agent", "customer"))
ANGRY = AlertRule("angry", ("angry",))


def voice(start_s: float, seconds: float, emotion: str = "angry", channel: int = 1) -> SegmentResult:
    start, end = round(start_s * SECOND), round((start_s + seconds) * SECOND)
    return SegmentResult(Segment(0, channel, start, end, end - start), SegmentOutcome.scored({emotion: 1.0}))


def heard_ms(rule: AlertRule, *voices: SegmentResult) -> list[tuple[int, int]]:
    """Seconds heard, and where they begin, of each alert."""
    alerts = find_alerts([rule], voices, CALL, DURATION)
    return [(alert.heard // SECOND, alert.start // SECOND) for alert in alerts]


def test_all_segments_count_together_up_to_the_very_sample() -> None:
    assert heard_ms(ANGRY, voice(50, 12), voice(10, 8)) == [(20, 10)]
    short = replace(ANGRY, at_least_ms=20_001)
    assert heard_ms(short, voice(50, 12), voice(10, 8)) == []
    assert find_alerts([ANGRY], [], CALL, DURATION) == ()


def test_only_the_emotions_that_are_named_count() -> None:
    either = replace(ANGRY, emotions=("angry", "disgusted"))
    voices = [voice(0, 15), voice(20, 15, "disgusted"), voice(40, 15, "happy"), voice(60, 15, "unknown")]
    assert heard_ms(ANGRY, *voices) == []
    assert heard_ms(either, *voices) == [(30, 0)]


def test_no_alert_rests_on_guesses_but_one_may_ask_for_the_unknown() -> None:
    guessed, unknown = unfamiliar(voice(0, 30)), unfamiliar(voice(40, 30, "unknown"))
    assert heard_ms(ANGRY, guessed) == []
    assert heard_ms(replace(ANGRY, emotions=("angry", "unknown")), guessed, unknown) == [(30, 40)]


@pytest.mark.parametrize(("channel", "expected"), [(None, 30), (0, 30), (1, 20), ("agent", 30), ("customer", 20)])
def test_a_channel_is_listened_to_by_number_or_role(channel: int | str | None, expected: int) -> None:
    assert heard_ms(replace(ANGRY, channel=channel), voice(0, 30, channel=0), voice(0, 20)) == [(expected, 0)]


def test_an_alert_names_the_channel_in_which_most_was_heard() -> None:
    (alert,) = find_alerts([ANGRY], [voice(0, 25, channel=0), voice(30, 40), voice(80, 2)], CALL, DURATION)
    assert (alert.heard_in, alert.heard, alert.start) == (1, 42 * SECOND, 30 * SECOND)


def test_a_role_that_the_recording_has_not_is_never_heard() -> None:
    mixed = replace(CALL, roles=())
    rule = replace(ANGRY, channel="customer")
    assert find_alerts([rule], [voice(0, 60, channel=0)], mixed, DURATION) == ()


def test_a_segment_across_the_border_of_a_quarter_counts_in_part() -> None:
    last = replace(ANGRY, part="last_quarter")
    assert heard_ms(last, voice(290, 25), voice(390, 5)) == [(20, 290)]
    assert heard_ms(last, voice(290, 24), voice(390, 5)) == []
    assert heard_ms(replace(ANGRY, part="third_quarter", at_least_ms=1), voice(290, 25)) == [(10, 290)]
    assert heard_ms(replace(ANGRY, part="first_quarter", at_least_ms=1), voice(290, 25)) == []


def test_each_rule_is_judged_by_itself() -> None:
    sad = AlertRule("sad", ("sad",), at_least_ms=1_000)
    alerts = find_alerts([ANGRY, sad], [voice(0, 19), voice(30, 1, "sad")], CALL, DURATION)
    assert alerts == (Alert(sad, SECOND, 30 * SECOND, 1),)


def test_channels_are_never_added_up() -> None:
    agent, customer = voice(0, 15, channel=0), voice(20, 19)
    assert find_alerts([ANGRY], [agent, customer], CALL, DURATION) == ()
    longer = voice(50, 2)
    assert find_alerts([ANGRY], [agent, customer, longer], CALL, DURATION) == (
        Alert(ANGRY, 21 * SECOND, 20 * SECOND, 1),
    )


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"name": " "}, "alerts.name must have"),
        ({"emotions": ()}, "alerts.emotions must be"),
        ({"emotions": ("",)}, "alerts.emotions must be"),
        ({"at_least_ms": 0}, "alerts.at_least_ms must be"),
        ({"channel": "customer"}, "alerts.channel must be one of roles"),
        ({"channel": 2}, "alerts.channel must be one of roles"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(rule: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        JobOptions(alerts=(AlertRule(**({"name": "x", "emotions": ("angry",)} | rule)),))


def test_there_are_at_most_sixteen_rules() -> None:
    assert JobOptions(alerts=(ANGRY,) * 16)
    with pytest.raises(ValueError, match="at most 16"):
        JobOptions(alerts=(ANGRY,) * 17)
