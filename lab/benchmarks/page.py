"""How long the page takes to open a long recording, and how fluidly it pans.

The recordings are made up, segment by segment, and put into a real service's stores; the browser is a real one.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page
from rich.console import Group
from rich.table import Table
from rich.text import Text

from api.app import create_app
from api.server import hosts, listen, serving
from lab.benchmarks.browser import chromium
from lab.benchmarks.machine import Machine
from lab.benchmarks.rounds import OnStep
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import Services, open_services
from shared.domain.emotion import ModelInfo
from shared.domain.job import JobState
from shared.domain.options import JobOptions
from shared.domain.recording import SAMPLE_RATE, ChannelMode
from shared.domain.segment import Segment, SegmentOutcome
from shared.frame_scores import Floats, softmax
from shared.ports import StoredSegment
from shared.services.object_keys import audio_key
from shared.settings import Settings
from shared.telemetry.logs import log_to_stderr
from shared.waveform import STEP, Waveform

LABELS = ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown")
MODEL = ModelInfo("benchmark", None, "00", LABELS)
HOURS = {6_000: 5.0, 24_000: 24.0}
"""Length of the recordings by their number of segments."""
ROLES = ("agent", "customer")
VIEWS = ("timeline", "heat")
ZOOMS = (2, 30, 1000)
"""How much of the recording is shown while it is panned: a half, a thirtieth, a thousandth."""

_DRAWN = "() => document.querySelector('canvas.chart')?.width > 400"
_PAN = """([seconds, zoom]) => new Promise((resolve) => {
  const canvas = document.querySelector("canvas.chart");
  const box = canvas.getBoundingClientRect();
  const wheel = (deltaX, deltaY) => canvas.dispatchEvent(new WheelEvent("wheel",
    { deltaX, deltaY, clientX: box.left + box.width / 2, bubbles: true, cancelable: true }));
  canvas.focus();
  canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "0" }));
  wheel(0, -Math.log(zoom) / Math.log(1.0015));
  const times = [];
  const began = performance.now();
  const step = (now) => {
    times.push(now);
    wheel(Math.floor((now - began) / 800) % 2 ? -24 : 24, 0);
    if (now - began < 1000 * seconds) requestAnimationFrame(step);
    else resolve(times.slice(1).map((time, i) => time - times[i]));
  };
  requestAnimationFrame(step);
})"""
_PAN_S = 3


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one recording. `frames_per_s` by view and zoom: the mean, and the slowest twentieth."""

    segments: int
    open_s: float
    frames_per_s: dict[tuple[str, int], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Report:
    machine: Machine
    rows: list[Row]

    def document(self) -> dict[str, Any]:
        """For `json.dumps`."""
        rows = [
            asdict(row) | {"frames_per_s": [[view, zoom, *rates] for (view, zoom), rates in row.frames_per_s.items()]}
            for row in self.rows
        ]
        return {"benchmark": "page", "machine": asdict(self.machine), "rows": rows}

    def table(self) -> Group:
        columns = (f"{view} 1/{zoom}" for view in VIEWS for zoom in ZOOMS)
        table = Table("segments", "hours", "opens in", *columns, title="Frames per second (slowest twentieth)")
        for row in self.rows:
            rates = (f"{mean:.0f} ({slow:.0f})" for mean, slow in row.frames_per_s.values())
            table.add_row(str(row.segments), f"{HOURS[row.segments]:g}", f"{row.open_s:.2f} s", *rates)
        return Group(table, Text(f"{self.machine}.", style="dim"))


def measure(on_step: OnStep) -> Report:
    """Raises NoBrowser."""
    log_to_stderr("WARNING", "console")
    rows = []
    with (
        chromium() as browser,
        tempfile.TemporaryDirectory(prefix="emoline-page-") as folder,
        _service(Path(folder)) as (url, services),
    ):
        for done, (segments, hours) in enumerate(HOURS.items()):
            on_step(f"{segments} segments", done, len(HOURS))
            job_id = analysed(services, segments, hours)
            rows.append(_measure(browser, f"{url}/#/jobs/{job_id}", segments))
    return Report(Machine.here(), rows)


@contextmanager
def _service(folder: Path) -> Iterator[tuple[str, Services]]:
    settings = Settings(data_dir=folder)
    with (
        listen("127.0.0.1", 0) as listener,
        open_services(settings, LocalWakeUps()) as services,
        serving(create_app(services, hosts(settings)), listener) as url,
    ):
        yield url, services


def _measure(browser: Browser, url: str, segments: int) -> Row:
    opened = []
    for _ in range(3):
        with browser.new_page(viewport={"width": 1280, "height": 900}) as page:
            opened.append(_open_s(page, url))
    with browser.new_page(viewport={"width": 1280, "height": 900}) as page:
        _open_s(page, url)
        page.wait_for_timeout(1000)
        rates = {(view, zoom): _frames_per_s(page, view, zoom) for view in VIEWS for zoom in ZOOMS}
    return Row(segments, float(np.median(opened)), rates)


def _open_s(page: Page, url: str) -> float:
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(_DRAWN)
    return time.perf_counter() - began


def _frames_per_s(page: Page, view: str, zoom: int) -> tuple[float, float]:
    page.locator(f"input[value={view}]").check(force=True)
    deltas_ms = np.array(page.evaluate(_PAN, [_PAN_S, zoom]))
    return 1000 / float(deltas_ms.mean()), 1000 / float(np.quantile(deltas_ms, 0.95))


def analysed(services: Services, number: int, hours: float) -> str:
    """The id of a job that succeeded: a call of so many segments and hours, its speakers in turn."""
    random = np.random.default_rng(7)
    job_id = _submitted(services)
    length = int(hours * 3600 * SAMPLE_RATE)
    segments = list(_segments(number, length))
    claim = services.jobs.claim_preparation()
    assert claim is not None
    recording = replace(
        claim.job.recording,
        duration=length,
        channels=2,
        channel_mode=ChannelMode.SPLIT,
        roles=ROLES,
        codec="pcm_s16le",
        sample_rate=8000,
    )
    prepared = claim.job.evolve(recording=recording, prepared=length, speech=sum(it.speech for it in segments))
    stored = [StoredSegment(segment, audio_key(job_id, segment)) for segment in segments]
    peaks = random.integers(2, 90, (length // STEP, 2, 1)).astype(np.int8)
    services.waveform_store.store(job_id, Waveform((0, 1), 0, length, np.concatenate([-peaks, peaks], axis=-1)))
    services.jobs.save(claim, prepared.to(JobState.INFERRING, services.clock.now()), add=stored)
    while claims := services.jobs.claim_segments(10**9):
        outcomes = []
        for own in claims:
            logits = _logits(random, own.stored.segment.duration)
            services.frame_store.store(job_id, own.stored.segment, logits)
            scores = softmax(logits.mean(axis=0)).tolist()
            outcomes.append((own, SegmentOutcome.scored(dict(zip(LABELS, scores, strict=True)))))
        services.jobs.record(outcomes, MODEL)
    finish = services.jobs.claim_finish()
    assert finish is not None
    services.jobs.save(finish, finish.job.to(JobState.SUCCEEDED, services.clock.now()))
    return job_id


def _submitted(services: Services) -> str:
    with services.submission.begin() as upload:
        upload.write(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0")
        return upload.commit("call.wav", JobOptions()).id


def _segments(number: int, length: int) -> Iterator[Segment]:
    turn = length // number
    for index in range(number):
        spoken = int(turn * (0.4 + 0.5 * ((index * 37) % 100) / 100))
        yield Segment(index, index % 2, index * turn, index * turn + spoken, spoken)


def _logits(random: np.random.Generator, samples: int) -> Floats:
    """Frames [frames, labels] that drift around one emotion."""
    frames = max(samples // 320, 1)
    logits: Floats = random.normal(0, 1, (frames, len(LABELS))).astype(np.float32)
    logits[:, random.integers(len(LABELS))] += 1.5
    return logits
