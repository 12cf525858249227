"""The batched forward pass against FunASR's scores, one clip at a time."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lab.benchmarks.funasr_peer import load_auto_model
from lab.training.architecture import LARGE
from lab.training.model_directory import LABEL_NAMES, Identity, write_random_model_directory
from tests.support.media.speech import speech_like
from worker.adapters.emotion2vec.calibration import FILES as CALIBRATION_FILES
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.adapters.emotion2vec.model_directory import BUNDLED
from worker.adapters.emotion2vec.network.batched_forward import Network
from worker.pipeline.ports import Prediction, Samples

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


@pytest.fixture
def partly_unused(tmp_path: Path) -> Path:
    directory = Path(
        shutil.copytree(BUNDLED / "mini", tmp_path / "model", ignore=shutil.ignore_patterns("calibration.*"))
    )
    tokens = (directory / "tokens.txt").read_text(encoding="utf-8").split()
    tokens[1], tokens[4] = "unuse_0", "unuse_1"
    (directory / "tokens.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    return directory


def ours(directory: Path, sound: list[Samples], device: str = "cpu", precision: str = "fp32") -> list[Prediction]:
    """The predictions of a model without its calibration, which FunASR does not know of."""
    with TemporaryDirectory() as folder:
        for file in directory.iterdir():
            if file.name not in CALIBRATION_FILES:
                (Path(folder) / file.name).symlink_to(file.resolve())
        with Emotion2vecModel(folder, device, precision, segment_timeout_s=600) as model:
            assert model.info.precision == precision
            return [prediction for batch in model.predict(random_batches(sound)) for prediction in batch]


def theirs(directory: Path, sound: list[Samples]) -> tuple[list[str], NDArray[np.float64]]:
    """FunASR's labels, and its scores [clips, labels]."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    peer = load_auto_model(directory, "cpu", 2 if FULL else 1)
    root.handlers[:], root.level = handlers, level
    answers: list[dict[str, Any]] = []
    for clip in sound:
        answers += peer.generate(clip.astype(np.float32) / 32768, granularity="utterance", extract_embedding=False)
    labels = [label.rsplit("/", 1)[-1] for label in answers[0]["labels"]]
    return labels, np.array([answer["scores"] for answer in answers])


def _scores(predictions: list[Prediction]) -> NDArray[np.float64]:
    """[clips, labels]."""
    return np.array([list(prediction.scores.values()) for prediction in predictions])


def _assert_equal(directory: Path, sound: list[Samples]) -> None:
    labels, expected = theirs(directory, sound)
    found = ours(directory, sound)
    assert all(list(own.scores) == [label.replace("<unk>", "unknown") for label in labels] for own in found)
    scores = _scores(found)
    print(f"{directory.name}: {len(sound)} clips, max |dp| {np.abs(scores - expected).max():.1e}")
    assert np.abs(scores - expected).max() <= MOST_DP
    assert (scores.argmax(axis=1) == expected.argmax(axis=1)).all()
    assert len(set(scores.argmax(axis=1))) > 1  # labels that could have flipped


def test_200_clips_in_random_batches_get_funasrs_scores_from_the_small_shape() -> None:
    _assert_equal(BUNDLED / "mini", clips(200))


def test_clips_in_random_batches_get_funasrs_scores_from_the_large_shape(large: Path) -> None:
    _assert_equal(large, clips(200) if FULL else clips(8, longest_s=6.0))


def test_outputs_marked_unused_are_masked_before_the_softmax_as_in_funasr(partly_unused: Path) -> None:
    _assert_equal(partly_unused, clips(20))


@pytest.mark.parametrize(("precision", "most_dp"), [("bf16", 0.04), ("fp16", 0.01)])
def test_shorter_number_formats_change_scores_a_little_and_no_clear_label(precision: str, most_dp: float) -> None:
    sound = clips(12, longest_s=6.0)
    exact, short = (_scores(ours(BUNDLED / "mini", sound, precision=own)) for own in ("fp32", precision))
    assert 1e-6 < np.abs(exact - short).max() <= most_dp
    second, best = np.sort(exact, axis=1)[:, -2:].T
    clear = best - second > 2 * most_dp
    assert clear.sum() > len(sound) / 2
    assert (exact.argmax(axis=1) == short.argmax(axis=1))[clear].all()


def test_auto_is_bf16_on_a_cpu_with_units_for_it() -> None:
    units = {"amx_tile", "avx512_bf16"} & set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    with Emotion2vecModel("mini", precision="auto", segment_timeout_s=60) as model:
        assert model.info.precision == ("bf16" if units else "fp32")
        [[prediction]] = model.predict([clips(2)[:1]])
    assert sum(prediction.scores.values()) == pytest.approx(1, abs=MOST_DP)


@pytest.mark.parametrize("step", [16, 160])
def test_clips_get_funasrs_scores_when_one_call_attends_to_all_of_similar_length(step: int) -> None:
    """As on a GPU, whose attention pads clips of similar length to the same one."""
    sound = clips(40)
    _, expected = theirs(BUNDLED / "mini", sound)
    network = Network(BUNDLED / "mini", torch.device("cpu"), torch.float32, attention_step=step)
    batches = [[torch.from_numpy(clip) for clip in batch] for batch in random_batches(sound)]
    scores = torch.cat([network(batch).scores for batch in batches]).numpy()
    assert np.abs(scores - expected).max() <= MOST_DP


@pytest.mark.skipif(not torch.cuda.is_available(), reason="There is no CUDA device here.")
def test_clips_in_random_batches_get_the_cpus_scores_from_a_gpu(large: Path) -> None:
    sound = clips(40)
    on_cpu, on_gpu = (_scores(ours(large, sound, device)) for device in ("cpu", "cuda"))
    assert np.abs(on_cpu - on_gpu).max() <= MOST_DP


def test_a_clips_scores_are_the_softmax_of_the_mean_of_its_frames_logits() -> None:
    for prediction in ours(BUNDLED / "mini", clips(20)):
        odds = np.exp(prediction.logits.mean(axis=0, dtype=np.float64))
        assert np.abs(odds / odds.sum() - list(prediction.scores.values())).max() <= MOST_DP


def test_a_clip_has_fifty_frames_a_second() -> None:
    sound = [np.resize(clips(2)[0], length) for length in (400, 719, 720, 16_000)]
    with Emotion2vecModel("mini", segment_timeout_s=60) as model:
        assert [len(own.logits) for (own,) in model.predict([[clip] for clip in sound])] == [1, 1, 2, 49]
