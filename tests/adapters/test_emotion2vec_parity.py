"""The batched forward pass against FunASR's scores, one clip at a time."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lab.benchmarks.funasr_peer import load_auto_model
from lab.training.architecture import LARGE
from lab.training.model_directory import LABEL_NAMES, Identity, write_random_model_directory
from tests.support.media.speech import speech_like
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.adapters.emotion2vec.model_directory import BUNDLED
from worker.adapters.emotion2vec.network.batched_forward import Network, Output
from worker.adapters.emotion2vec.network.precision import dtype_of, resolve_precision
from worker.pipeline.ports import Prediction, Samples

Scores = NDArray[np.float64]
"""[clips, labels]."""

FULL = "EMOLINE_TEST_FULL_PARITY" in os.environ
"""200 clips for the large shape too, a quarter of an hour on two cores."""
MOST_DP = 1e-5

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(3600 if FULL else 600)]


def clips(number: int, longest_s: float = 25.0) -> list[Samples]:
    """Speech-like clips of 0.1 s to `longest_s`, shorter ones more often, in noise of all strengths."""
    rng = np.random.default_rng(7)
    lengths = np.exp(rng.uniform(np.log(0.1), np.log(longest_s), number))
    lengths[:2] = 0.1, longest_s
    speech = [speech_like(seconds, seed=seed).samples for seed, seconds in enumerate(rng.permutation(lengths))]
    return [_noisy(samples, rng) for samples in speech]


def _noisy(speech: Samples, rng: np.random.Generator) -> Samples:
    noise = rng.normal(0, 10 ** rng.uniform(0, 3.5), len(speech))
    return np.clip(speech * rng.uniform(0.05, 1) + noise, -32768, 32767).astype(np.int16)


def random_batches(sound: list[Samples]) -> list[list[Samples]]:
    """The clips in batches of 1 to 16, whatever their lengths."""
    rng = np.random.default_rng(8)
    cuts = np.cumsum(rng.integers(1, 17, len(sound)))
    return [list(part) for part in np.split(np.array(sound, dtype=object), cuts[cuts < len(sound)])]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkpoint of the published shape, with random weights."""
    directory = tmp_path_factory.mktemp("model") / "large"
    write_random_model_directory(directory, LARGE, list(LABEL_NAMES.values()), Identity("random", "0", "random"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model without its calibration, which FunASR does not know of."""
    copy = tmp_path_factory.mktemp("model") / "mini"
    return Path(shutil.copytree(BUNDLED / "mini", copy, ignore=shutil.ignore_patterns("calibration.*")))


class Answers(NamedTuple):
    """Clips, FunASR's labels and scores of them from the small shape, and the predictions of the model's process."""

    sound: list[Samples]
    labels: list[str]
    expected: Scores
    predictions: list[Prediction]


@pytest.fixture(scope="module")
def answers(small: Path) -> Answers:
    sound = clips(200)
    with Emotion2vecModel(str(small), segment_timeout_s=600) as model:
        assert model.info.precision == "fp32"
        predictions = [prediction for batch in model.predict(random_batches(sound)) for prediction in batch]
    return Answers(sound, *theirs(small, sound), predictions)


def theirs(directory: Path, sound: list[Samples]) -> tuple[list[str], Scores]:
    """FunASR's labels, and its scores."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    peer = load_auto_model(directory, "cpu", 2 if FULL else 1)
    root.handlers[:], root.level = handlers, level
    told: list[dict[str, Any]] = []
    for clip in sound:
        told += peer.generate(clip.astype(np.float32) / 32768, granularity="utterance", extract_embedding=False)
    labels = [label.rsplit("/", 1)[-1].replace("<unk>", "unknown") for label in told[0]["labels"]]
    return labels, np.array([each["scores"] for each in told])


def ours(network: Network, sound: list[Samples]) -> Scores:
    """The scores of a network in this process, from random batches."""
    outputs: list[Output] = [network([torch.from_numpy(clip) for clip in batch]) for batch in random_batches(sound)]
    return torch.cat([output.scores for output in outputs]).double().numpy()


def on_cpu(directory: Path, precision: str = "fp32", attention_step: int | None = None) -> Network:
    return Network(directory, torch.device("cpu"), dtype_of(precision), attention_step=attention_step)


def _assert_equal(scores: Scores, expected: Scores) -> None:
    assert np.abs(scores - expected).max() <= MOST_DP
    assert (scores.argmax(axis=1) == expected.argmax(axis=1)).all()
    assert len(set(scores.argmax(axis=1))) > 1  # labels that could have flipped


def test_200_clips_in_random_batches_get_funasrs_scores_from_the_small_shape(answers: Answers) -> None:
    assert all(list(own.scores) == answers.labels for own in answers.predictions)
    _assert_equal(np.array([list(own.scores.values()) for own in answers.predictions]), answers.expected)


def test_clips_in_random_batches_get_funasrs_scores_from_the_large_shape(large: Path) -> None:
    sound = clips(200) if FULL else clips(8, longest_s=6.0)
    network = on_cpu(large)
    labels, expected = theirs(large, sound)
    assert network.labels == labels
    _assert_equal(ours(network, sound), expected)


def test_outputs_marked_unused_are_masked_before_the_softmax_as_in_funasr(
    small: Path, answers: Answers, tmp_path: Path
) -> None:
    directory = Path(shutil.copytree(small, tmp_path / "model"))
    tokens = (directory / "tokens.txt").read_text(encoding="utf-8").split()
    tokens[1], tokens[4] = "unuse_0", "unuse_1"
    (directory / "tokens.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    sound = answers.sound[:20]
    network = on_cpu(directory)
    labels, expected = theirs(directory, sound)
    assert network.labels == labels
    _assert_equal(ours(network, sound), expected)


@pytest.mark.parametrize(("precision", "most_dp"), [("bf16", 0.04), ("fp16", 0.01)])
def test_shorter_number_formats_change_scores_a_little_and_no_clear_label(
    small: Path, precision: str, most_dp: float
) -> None:
    sound = clips(12, longest_s=6.0)
    exact, short = (ours(on_cpu(small, own), sound) for own in ("fp32", precision))
    assert 1e-6 < np.abs(exact - short).max() <= most_dp
    second, best = np.sort(exact, axis=1)[:, -2:].T
    clear = best - second > 2 * most_dp
    assert clear.sum() > len(exact) / 2
    assert (exact.argmax(axis=1) == short.argmax(axis=1))[clear].all()


def test_auto_is_bf16_on_a_cpu_with_units_for_it() -> None:
    units = {"amx_tile", "avx512_bf16"} & set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    assert resolve_precision("auto", torch.device("cpu")) == ("bf16" if units else "fp32")


@pytest.mark.parametrize("step", [16, 160])
def test_clips_get_funasrs_scores_when_one_call_attends_to_all_of_similar_length(
    small: Path, answers: Answers, step: int
) -> None:
    """As on a GPU, whose attention pads clips of similar length to the same one."""
    _assert_equal(ours(on_cpu(small, attention_step=step), answers.sound[:40]), answers.expected[:40])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="There is no CUDA device here.")
def test_clips_in_random_batches_get_the_cpus_scores_from_a_gpu(large: Path) -> None:
    sound = clips(40)
    with Emotion2vecModel(str(large), "cuda", "fp32", segment_timeout_s=600) as model:  # it copies batches ahead
        predictions = [prediction for batch in model.predict(random_batches(sound)) for prediction in batch]
    on_gpu = np.array([list(own.scores.values()) for own in predictions])
    _assert_equal(on_gpu, ours(on_cpu(large), sound))


def test_a_clips_scores_are_the_softmax_of_the_mean_of_its_frames_logits(answers: Answers) -> None:
    for prediction in answers.predictions:
        odds = np.exp(prediction.logits.mean(axis=0, dtype=np.float64))
        assert np.abs(odds / odds.sum() - list(prediction.scores.values())).max() <= MOST_DP


def test_a_clip_has_fifty_frames_a_second(mini_model: Emotion2vecModel, answers: Answers) -> None:
    sound = [np.resize(answers.sound[1], length) for length in (400, 719, 720, 16_000)]
    assert [len(own.logits) for (own,) in mini_model.predict([[clip] for clip in sound])] == [1, 1, 2, 49]
