"""One run: every variant on the same clips, device and threads, in turn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from lab.benchmarks.engine.clips import cut_clips
from lab.benchmarks.engine.contender import Contender
from lab.benchmarks.engine.devices import device_name, left_out, precisions
from lab.benchmarks.engine.flops import network_flops
from lab.benchmarks.engine.gemm import GemmPeak
from lab.benchmarks.engine.report import EngineConditions, EngineReport
from lab.benchmarks.engine.variants import variants
from lab.benchmarks.machine import Machine
from lab.benchmarks.rounds import OnStep, in_turn
from shared.domain.recording import SAMPLE_RATE
from worker.adapters.emotion2vec.model_directory import describe, tokens
from worker.adapters.emotion2vec.network.checkpoint import load
from worker.adapters.emotion2vec.network.precision import dtype_of
from worker.pipeline.ports import Samples


def run(directory: Path, device: torch.device, rounds: int, seconds: float, on_step: OnStep) -> EngineReport:
    """Measure all variants on `seconds` of audio in all, with torch's current number of threads."""
    clips = cut_clips(seconds)
    if device.type != "cpu":
        # In pinned memory, which a GPU reads by itself: the model's process copies clips there while the GPU works.
        clips = [torch.from_numpy(clip).pin_memory().numpy() for clip in clips]
    conditions = describe_conditions(directory, device, clips, rounds)
    contenders = load_contenders(directory, device, clips, on_step)
    peaks = {precision: GemmPeak(device, dtype_of(precision)) for precision in precisions(device)}
    timed = {contender.variant.title: contender.round for contender in contenders}
    rates = {f"GEMM peak, {precision}": peak for precision, peak in peaks.items()}
    values = in_turn({**timed, **rates}, rounds, on_step)
    peak_rates = {precision: values[f"GEMM peak, {precision}"] for precision in peaks}
    return EngineReport.from_rounds(conditions, contenders, values, peak_rates, left_out(device))


def describe_conditions(
    directory: Path, device: torch.device, clips: Sequence[Samples], rounds: int
) -> EngineConditions:
    """Describe machine, model and clips."""
    network = load(directory, len(tokens(directory)))
    return EngineConditions(
        machine=Machine.current(),
        gpu=device_name(device),
        threads=torch.get_num_threads(),
        rounds=rounds,
        model=describe(directory),
        clips_s=[len(clip) / SAMPLE_RATE for clip in clips],
        flops=sum(network_flops(network, len(clip)) for clip in clips),
    )


def load_contenders(
    directory: Path, device: torch.device, clips: Sequence[Samples], on_step: OnStep
) -> list[Contender]:
    """Load all variants, then warm them up: the size of our batches depends on how much memory is free."""
    loaded = [Contender(variant, clips, device) for variant in variants(directory, device, torch.get_num_threads())]
    for contender in loaded:
        on_step(f"warming up: {contender.variant.title}", 0, None)
        contender.warm_up()
    return loaded
