"""Clips that hang, crash or exhaust the model's process, and a faulty device."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from shared.domain.failure import FailureCode
from tests.adapters import faulty_model
from tests.support.media.speech import speech_like
from tests.support.waiting import PATIENCE_S
from worker.adapters.emotion2vec import model as model_module
from worker.adapters.emotion2vec import protocol
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.adapters.emotion2vec.supervised_process import Pace
from worker.pipeline.errors import ModelUnavailable
from worker.pipeline.inference import infer
from worker.pipeline.ports import Samples

DEADLINE_S = 3.0
FAULTY = "tests.adapters.faulty_model"


def clips(number: int, seconds: float = 2.0) -> list[Samples]:
    return [speech_like(seconds, seed=seed, pauses=()).samples for seed in range(number)]


@pytest.fixture(scope="module")
def faulty() -> Iterator[Emotion2vecModel]:
    """A model process with clips that hurt it; it is started again after each test that killed it."""
    with Emotion2vecModel("mini", segment_timeout_s=DEADLINE_S, module=FAULTY) as model:
        model.start()
        yield model


def children() -> set[str]:
    """The processes that this one started and that still exist, zombies too."""
    pids = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            continue
        if int(fields[1]) == os.getpid():
            pids.add(stat.parent.name)
    return pids


def test_hanging_and_crashing_clips_among_20_cost_themselves_alone(faulty: Emotion2vecModel) -> None:
    before = children() - {str(faulty.pid)}
    sound = clips(20)
    right = [inference.outcome for inference in infer(faulty, sound)]
    reasons: dict[int, FailureCode] = {}
    for at, fault in zip((3, 4, 5, 19), (faulty_model.HANG, faulty_model.CRASH) * 2, strict=True):
        sound[at] = sound[at].copy()
        sound[at][0] = fault
        reasons[at] = FailureCode.TIMEOUT if fault == faulty_model.HANG else FailureCode.CRASH
    outcomes = [inference.outcome for inference in infer(faulty, sound)]
    assert {at: outcome.reason for at, outcome in enumerate(outcomes) if outcome.reason} == reasons
    assert [outcomes[at].emotion for at in reasons] == ["unknown"] * 4
    for at in set(range(20)) - set(reasons):
        assert outcomes[at].emotion == right[at].emotion
        assert outcomes[at].confidence == pytest.approx(right[at].confidence, abs=1e-5)
    assert children() - {str(faulty.pid)} == before


def test_too_little_memory_is_answered_with_smaller_batches(faulty: Emotion2vecModel) -> None:
    sound = clips(9)
    sound[4][0] = faulty_model.SCARCE
    assert [inference.outcome.reason for inference in infer(faulty, sound)] == [None] * 9
    assert faulty.batch < 9 * len(sound[0])


def test_a_device_that_falls_sick_in_the_middle_blames_no_clip(
    faulty: Emotion2vecModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(faulty_model.HANG_ALWAYS, "1")
    monkeypatch.setattr(model_module, "_PROBE_TIMEOUT_S", 0.5)
    faulty.start()
    assert faulty.pid
    os.kill(faulty.pid, signal.SIGSTOP)
    with pytest.raises(ModelUnavailable, match="The device cpu is at fault"):
        infer(faulty, clips(4))
    assert faulty.problem
    assert faulty.pid is None


def test_closing_while_the_model_works_blames_no_clip(faulty: Emotion2vecModel) -> None:
    faulty.start()
    assert faulty.pid
    os.kill(faulty.pid, signal.SIGSTOP)

    def close_soon() -> None:
        time.sleep(0.2)
        faulty.close()

    closer = Thread(target=close_soon)
    closer.start()
    with pytest.raises(ModelUnavailable, match="being stopped"):
        infer(faulty, clips(1))
    closer.join()


def test_the_process_ends_with_its_parents_pipes_even_in_the_middle_of_an_answer() -> None:
    with Emotion2vecModel("mini", segment_timeout_s=60) as model:
        model.start()
        pid = model.pid
        assert pid
        assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)  # it gives way
        process = model._process
        assert process
        process.hand_over(protocol.CLIPS, clips(40, 20.0), Pace(60))
        child = process._child._process
        assert child.stdin
        child.stdin.close()
        child.wait(timeout=PATIENCE_S)
        assert not Path(f"/proc/{pid}/exe").exists()


def test_frame_embeddings_are_computed_only_on_request(mini_model: Emotion2vecModel) -> None:
    sound = clips(2)
    ((plain, _),) = mini_model.predict([sound])
    ((full, _),) = mini_model.predict([sound], frame_embeddings=True)
    assert plain.frame_embeddings is None
    assert full.frame_embeddings is not None
    assert full.frame_embeddings.shape == (len(full.logits), len(full.embedding))
    assert np.allclose(full.frame_embeddings.mean(axis=0), full.embedding, atol=1e-5)
