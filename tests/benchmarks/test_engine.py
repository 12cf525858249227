"""The engine benchmark: its arithmetic, and a short run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from lab.benchmarks.engine.clips import LONGEST_S, SHORTEST_S, cut_clips
from lab.benchmarks.engine.flops import network_flops
from lab.benchmarks.engine.report import Accuracy
from lab.training.architecture import LARGE, build_model
from shared.domain.recording import SAMPLE_RATE
from tests.support.waiting import PATIENCE_S


def engine(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "bench", "engine", *map(str, arguments)]
    environment = os.environ | {"COLUMNS": "120"}
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env=environment, check=False)


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    completed = engine("--model", "mini", "--rounds", 1, "--seconds", 10, "--json")
    assert completed.returncode == 0, completed.stderr
    document: dict[str, Any] = json.loads(completed.stdout)
    return document


def test_ours_gives_funasrs_scores_and_padding_does_not(measured: dict[str, Any]) -> None:
    accuracy = {(result["implementation"], result["precision"]): result["accuracy"] for result in measured["results"]}
    assert accuracy["funasr", "fp32"] == {"max_dp": 0, "flips": 0}
    assert accuracy["ours", "fp32"]["max_dp"] <= 1e-5
    assert accuracy["ours", "fp32"]["flips"] == 0
    assert accuracy["padded", "fp32"]["max_dp"] > 0.01


def test_a_measurement_names_its_clips_model_and_machine(measured: dict[str, Any]) -> None:
    assert measured["clips_s"] == [5, 5]
    assert measured["model"]["id"] == "emoline/mini"
    assert measured["machine"]["torch"] == torch.__version__
    assert measured["machine"]["spin"] == os.environ.get("GOMP_SPINCOUNT", "3000")
    assert all(len(result["seconds"]) == 1 and result["gemm_share"] > 0 for result in measured["results"])


def test_help_names_both_benchmarks() -> None:
    command = [sys.executable, "-m", "cli", "bench", "--help"]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert "engine" in completed.stdout
    assert "pipeline" in completed.stdout


def test_a_model_that_would_have_to_be_downloaded_is_refused_in_a_sentence() -> None:
    completed = engine("--model", "iic/emotion2vec_plus_large")
    assert completed.returncode == 1
    assert "A benchmark downloads nothing" in " ".join(completed.stderr.split())
    assert "Traceback" not in completed.stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_missing_device_is_refused_in_a_sentence() -> None:
    completed = engine("--model", "mini", "--device", "cuda")
    assert completed.returncode == 1
    assert "There is no CUDA device here" in " ".join(completed.stderr.split())


@pytest.mark.parametrize("seconds", [3, 10, 25])
def test_a_second_takes_the_large_network_22_to_24_gflop(seconds: int) -> None:
    with torch.device("meta"):
        network = build_model(LARGE, 9)
    assert 21.9e9 < network_flops(network, seconds * SAMPLE_RATE) / seconds < 24.5e9


@pytest.mark.parametrize("seconds", [5.5, 400])
def test_clips_last_3_to_25_seconds_and_add_up_to_the_given_length(seconds: float) -> None:
    clips = cut_clips(seconds)
    assert sum(map(len, clips)) == pytest.approx(seconds * SAMPLE_RATE, abs=len(clips))
    assert all(SHORTEST_S <= len(clip) / SAMPLE_RATE <= LONGEST_S for clip in clips)


def test_clips_are_the_same_every_time() -> None:
    assert all(np.array_equal(first, second) for first, second in zip(cut_clips(60), cut_clips(60), strict=True))


def test_a_clip_without_finite_scores_is_a_flip() -> None:
    truth = np.array([[0.75, 0.25], [0.25, 0.75]])
    assert Accuracy.from_scores(np.array([[0.75, 0.25], [0.5, 0.5]]), truth) == Accuracy(0.25, 1)
    assert Accuracy.from_scores(np.array([[0.75, 0.25], [np.nan, np.nan]]), truth) == Accuracy(None, 1)
