"""The page benchmark: time to open a long recording, and frame rate while panning.

The recordings are synthetic, written segment by segment into a real service's stores; the browser is a real one.
"""

from __future__ import annotations

import tempfile
import time
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
"""Length of the recordings in hours by number of segments."""
ROLES = ("agent", "customer")
VIEWS = ("timeline", "heat")
ZOOMS = (2, 30, 1000)
"""Zoom factors while panning: a half, a thirtieth, a thousandth of the recording is visible."""

_FIRST_PICTURE = "() => document.querySelector('.running .legend li, canvas.chart')"
_DRAWN = "() => document.querySelector('canvas.chart')?.width > 400"
_PAN = """([seconds, zoom]) => new Promise((resolve) => {
  const canvas = document.querySelector("canvas.chart");
  const box = canvas.getBoundingClientRect();
  const wheel = (deltaX, deltaY) => canvas.dispatchEvent(new WheelEvent("wheel",
    { deltaX, deltaY, clientX: box.left + box.width / 2, bubbles: true, cancelable: true }));
  canvas.focus();
  canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "0", bubbles: true }));
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
class PageRow:
    """The figures of one recording. `frames_per_s` by view and zoom: the mean, and the slowest twentieth."""

    segments: int
    first_picture_s: float
    open_s: float
    frames_per_s: dict[tuple[str, int], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class PageReport:
    """The report of the page benchmark."""

    machine: Machine
    rows: list[PageRow]

    def document(self) -> dict[str, Any]:
        """Return a document for `json.dumps`."""
        rows = [
            asdict(row) | {"frames_per_s": [[view, zoom, *rates] for (view, zoom), rates in row.frames_per_s.items()]}
            for row in self.rows
        ]
        return {"benchmark": "page", "machine": asdict(self.machine), "rows": rows}

    def table(self) -> Group:
        """Return a table for the terminal."""
        columns = (f"{view} 1/{zoom}" for view in VIEWS for zoom in ZOOMS)
        table = Table(
            "segments", "hours", "first picture", "opens in", *columns, title="Frames per second (slowest twentieth)"
        )
        for row in self.rows:
            rates = (f"{mean:.0f} ({slow:.0f})" for mean, slow in row.frames_per_s.values())
            table.add_row(
                str(row.segments),
                f"{HOURS[row.segments]:g}",
                f"{row.first_picture_s:.2f} s",
                f"{row.open_s:.2f} s",
                *rates,
            )
        return Group(table, Text(f"{self.machine}.", style="dim"))


def measure(on_step: OnStep) -> PageReport:
    """Run the benchmark. Raises NoBrowser."""
    log_to_stderr("WARNING", "console")
    rows = []
    with chromium() as browser, tempfile.TemporaryDirectory(prefix="emoline-page-") as folder:
        settings = Settings(data_dir=Path(folder))
        with (
            listen("127.0.0.1", 0) as listener,
            open_services(settings, LocalWakeUps()) as services,
            serving(create_app(services, hosts(settings)), listener) as url,
        ):
            for step, (segments, hours) in enumerate(HOURS.items()):
                on_step(f"{segments} segments", step, len(HOURS))
                job_id = store_analysed_call(services, segments, hours)
                rows.append(measure_page(browser, f"{url}/#/jobs/{job_id}", segments))
    return PageReport(Machine.current(), rows)


def measure_page(browser: Browser, url: str, segments: int) -> PageRow:
    """Open a job's page three times, then pan it in every view and zoom."""
    opening_s = []
    for _ in range(3):
        with browser.new_page(viewport={"width": 1280, "height": 900}) as page:
            opening_s.append(open_page(page, url))
    with browser.new_page(viewport={"width": 1280, "height": 900}) as page:
        open_page(page, url)
        page.wait_for_timeout(1000)
        rates = {(view, zoom): frames_per_s(page, view, zoom) for view in VIEWS for zoom in ZOOMS}
    first_picture_s, open_s = np.median(opening_s, axis=0).tolist()
    return PageRow(segments, first_picture_s, open_s, rates)


def open_page(page: Page, url: str) -> tuple[float, float]:
    """Open a job's page and return the seconds until its lanes are there, and until its chart is drawn."""
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(_FIRST_PICTURE)
    first_picture_s = time.perf_counter() - began
    page.wait_for_function(_DRAWN)
    return first_picture_s, time.perf_counter() - began


def frames_per_s(page: Page, view: str, zoom: int) -> tuple[float, float]:
    """Pan for some seconds; return the mean frame rate, and the rate of the slowest twentieth of frames."""
    page.locator(f"input[value={view}]").check(force=True)
    deltas_ms = np.array(page.evaluate(_PAN, [_PAN_S, zoom]))
    return 1000 / float(deltas_ms.mean()), 1000 / float(np.quantile(deltas_ms, 0.95))


def store_analysed_call(services: Services, number: int, hours: float) -> str:
    """Store a succeeded job: a call of `number` segments and `hours`, its speakers in turn. Returns the job's id."""
    random = np.random.default_rng(7)
    with services.submission.begin() as upload:
        upload.write(b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0")
        job_id = upload.commit("call.wav", JobOptions()).id
    length = int(hours * 3600 * SAMPLE_RATE)
    turn = length // number
    speech_lengths = [int(turn * (0.4 + 0.5 * ((index * 37) % 100) / 100)) for index in range(number)]
    segments = [
        Segment(index, index % 2, index * turn, index * turn + speech, speech)
        for index, speech in enumerate(speech_lengths)
    ]
    claim = services.ports.work_queue.claim_preparation()
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
    prepared = claim.job.evolve(recording=recording, prepared=length, speech=sum(speech_lengths))
    stored = [StoredSegment(segment, audio_key(job_id, [segment])) for segment in segments]
    peaks = random.integers(2, 90, (length // STEP, 2, 1)).astype(np.int8)
    services.waveform_store.store(job_id, Waveform((0, 1), 0, length, np.concatenate([-peaks, peaks], axis=-1)))
    services.ports.work_queue.save(claim, prepared.to(JobState.INFERRING, services.clock.now()), add=stored)
    while claims := services.ports.work_queue.claim_segments(10**9):
        outcomes, stored_logits = [], {}
        for segment_claim in claims:
            segment = segment_claim.stored.segment
            logits = stored_logits[segment] = _logits(random, segment.duration)
            scores = softmax(logits.mean(axis=0)).tolist()
            outcomes.append((segment_claim, SegmentOutcome.scored(dict(zip(LABELS, scores, strict=True)))))
        key = services.frame_store.store_logits(job_id, stored_logits)
        services.ports.work_queue.record(outcomes, MODEL, {job_id: key})
    finish = services.ports.work_queue.claim_finish()
    assert finish is not None
    services.ports.work_queue.save(finish, finish.job.to(JobState.SUCCEEDED, services.clock.now()))
    return job_id


def _logits(random: np.random.Generator, samples: int) -> Floats:
    """Draw logits [frames, labels] in which one emotion prevails."""
    frames = max(samples // 320, 1)
    logits: Floats = random.normal(0, 1, (frames, len(LABELS))).astype(np.float32)
    logits[:, random.integers(len(LABELS))] += 1.5
    return logits
