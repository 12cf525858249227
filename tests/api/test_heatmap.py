from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from numpy.typing import NDArray

from reports.heatmap_input import LEFT, RIGHT, HeatmapSize
from reports.palette import colour_of
from shared.container import Services
from shared.domain.options import JobOptions
from shared.frame_scores import Floats
from shared.services.object_keys import waveform_key
from shared.waveform import Waveform
from tests.support.analysed import LABELS, Part, analysed, submitted
from tests.support.api_client import UNKNOWN, assert_problem

ROLES = ("agent", "客户")
LOUD = Waveform((0, 1), 0, 16_000 * 20, np.full((1000, 2, 2), (-90, 90), np.int8))


def mostly(label: str, seconds: float) -> Floats:
    return np.tile(np.float32(8) * (np.array(LABELS) == label), (round(50 * seconds), 1)).astype(np.float32)


# Channel 0 is angry, silent from 5 to 10 s, then sad, and skipped at 16 s.
CALL = [
    Part(0, 0, mostly("angry", 5)),
    Part(1, 3000, mostly("happy", 2)),
    Part(0, 10_000, mostly("sad", 4)),
    Part(0, 16_000),
]


def drawn(answer: Response) -> NDArray[np.float32]:
    """The colours of a picture, [height, width, 3]."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.asarray(imread(io.BytesIO(answer.content)))[..., :3]


@pytest.fixture
def url(services: Services) -> str:
    return f"/v1/jobs/{analysed(services, CALL, JobOptions(roles=ROLES), waveform=LOUD)}/heatmap.png"


def at(picture: NDArray[np.float32], second: float, size: HeatmapSize) -> NDArray[np.float32]:
    """The column of pixels [height, 3] that shows a time of the 20 seconds."""
    return picture[:, round(LEFT * size.dpi + size.columns * second / 20)]


def has_colour(pixels: NDArray[np.float32], emotion: str) -> bool:
    return bool((np.abs(pixels - to_rgb(colour_of(emotion))).max(axis=-1) < 0.01).any())


@pytest.mark.parametrize("width", [600, 1600, 2000])
def test_a_picture_shows_emotions_at_their_times(client: TestClient, url: str, width: int) -> None:
    picture, size = drawn(client.get(url, params={"width": width, "channel": 0})), HeatmapSize(width)
    assert picture.shape[1] == width
    angry, silent, sad, skipped = (at(picture, second, size) for second in (2, 7.5, 12, 15))
    assert (has_colour(angry, "angry"), has_colour(angry, "sad")) == (True, False)
    assert (has_colour(sad, "sad"), has_colour(sad, "angry")) == (True, False)
    for white in (silent, skipped):
        # The waveform fills the upper half everywhere; below it the picture is white.
        under = white[len(white) // 2 : -round(0.6 * size.dpi)]
        assert (under == 1).all()


def test_skipped_segments_are_hatched(client: TestClient, url: str) -> None:
    picture, size = drawn(client.get(url, params={"channel": 0})), HeatmapSize()
    first_column = round(LEFT * size.dpi + size.columns * 16.1 / 20)
    marked = picture[len(picture) // 2 : -round(0.6 * size.dpi), first_column : first_column + 40]
    assert 0.02 < (marked < 0.9).any(axis=-1).mean() < 0.5


def test_each_channel_has_a_panel_on_one_axis_of_time(client: TestClient, url: str) -> None:
    all_channels, first, second = (
        drawn(client.get(url, params=params)) for params in ({}, {"channel": 0}, {"channel": 1})
    )
    assert first.shape == second.shape
    assert first.shape[0] < all_channels.shape[0] < 2 * first.shape[0]
    assert has_colour(at(second, 4, HeatmapSize()), "happy")
    assert not has_colour(at(first, 4, HeatmapSize()), "happy")


def test_a_picture_can_be_in_chinese(client: TestClient, url: str) -> None:
    english, chinese = (drawn(client.get(url, params={"lang": lang})) for lang in ("en", "zh"))
    margin = round(LEFT * HeatmapSize().dpi)
    assert english.shape == chinese.shape
    assert (english[:, :margin] != chinese[:, :margin]).any()
    time = slice(margin, english.shape[1] - round(RIGHT * HeatmapSize().dpi))
    assert (english[:, time] == chinese[:, time]).all()  # the scores, and the roles, which are as they are


def test_a_job_without_a_waveform_is_drawn_without_it(client: TestClient, services: Services, url: str) -> None:
    with_sound = drawn(client.get(url))
    (services.settings.objects_dir / waveform_key(url.split("/")[3])).unlink()
    without = drawn(client.get(url))
    assert len(without) < len(with_sound)
    assert has_colour(at(without, 2, HeatmapSize()), "angry")


def test_a_recording_without_speech_has_a_picture_with_a_note(client: TestClient, services: Services) -> None:
    job_id = analysed(services, [], JobOptions(), waveform=LOUD)
    assert drawn(client.get(f"/v1/jobs/{job_id}/heatmap.png")).shape[1] == HeatmapSize().width


@pytest.mark.parametrize(
    "params", [{"channel": 2}, {"lang": "de"}, {"width": 599}, {"width": 4001}, {"channel": "agent"}], ids=str
)
def test_invalid_parameters_of_a_picture_are_refused(client: TestClient, url: str, params: dict[str, Any]) -> None:
    assert_problem(client.get(url, params=params), 422, "invalid_request")


def test_a_picture_exists_until_the_job_is_deleted(client: TestClient, services: Services, url: str) -> None:
    job_id = submitted(services, JobOptions())
    heatmap_url = f"/v1/jobs/{job_id}/heatmap.png"
    assert_problem(client.get(heatmap_url), 409, "result_not_ready")
    client.post(f"/v1/jobs/{job_id}/cancel")
    assert_problem(client.get(heatmap_url), 409, "no_result")
    client.delete(f"/v1/jobs/{job_id}")
    assert_problem(client.get(heatmap_url), 410, "job_deleted")
    assert_problem(client.get(f"/v1/jobs/{UNKNOWN}/heatmap.png"), 404, "job_not_found")


@pytest.mark.parametrize("role", ["$\\undefined$", "a_$x^{", "100$ and 200$"])
def test_a_role_is_text_and_no_formula(client: TestClient, services: Services, role: str) -> None:
    job_id = analysed(services, CALL, JobOptions(roles=(role, "customer")), waveform=LOUD)
    drawn(client.get(f"/v1/jobs/{job_id}/heatmap.png"))
