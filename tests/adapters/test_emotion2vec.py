from __future__ import annotations

import logging
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch

from shared.domain.failure import FailureCode
from tests.media.speech import speech_like
from worker.adapters.emotion2vec.directory import BUNDLED, resolve
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.pipeline.errors import ModelUnavailable
from worker.pipeline.inference import outcomes
from worker.pipeline.ports import Samples

LENGTHS_S = [0.1, 0.5, 1.0, 2.7, 7.3, 24.9]


def clips() -> list[Samples]:
    return [speech_like(seconds, seed=round(seconds * 10), pauses=()).samples for seconds in LENGTHS_S]


@pytest.fixture
def model_copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUNDLED / "mini", tmp_path / "model"))


def funasr_scores(directory: Path, sound: list[Samples]) -> list[dict[str, float]]:
    """What FunASR itself says, one clip at a time: the truth that ours is held to."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    from funasr import AutoModel

    peer = AutoModel(model=str(directory), disable_update=True, disable_pbar=True, ncpu=2, device="cpu")
    root.handlers[:], root.level = handlers, level
    found = []
    for clip in sound:
        (answer,) = peer.generate(clip.astype(np.float32) / 32768, granularity="utterance", extract_embedding=False)
        names = [label.rsplit("/", 1)[-1] for label in answer["labels"]]
        found.append(dict(zip(names, answer["scores"], strict=True)))
    return found


@pytest.mark.filterwarnings("ignore")
def test_scores_equal_funasrs_own_one_by_one(mini_model: Emotion2vecModel) -> None:
    ours, theirs = mini_model.predict(clips()), funasr_scores(BUNDLED / "mini", clips())
    for own, peer in zip(ours, theirs, strict=True):
        assert list(own) == list(peer)
        assert np.abs(np.array(list(own.values())) - np.array(list(peer.values()))).max() <= 1e-5


@pytest.mark.filterwarnings("ignore")
def test_outputs_marked_unused_are_masked_before_the_softmax_as_in_funasr(model_copy: Path) -> None:
    tokens = (model_copy / "tokens.txt").read_text(encoding="utf-8").split()
    tokens[1] = "unuse_1"
    (model_copy / "tokens.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    with Emotion2vecModel(str(model_copy), "cpu", 60) as model:
        (ours,) = model.predict(clips()[-2:-1])
        assert "disgusted" not in model.info.labels
    (theirs,) = funasr_scores(model_copy, clips()[-2:-1])
    assert list(ours) == list(theirs)
    assert sum(ours.values()) == pytest.approx(1)
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_a_clips_scores_do_not_depend_on_its_batch(mini_model: Emotion2vecModel) -> None:
    together = mini_model.predict(clips())
    assert together == [mini_model.predict([clip])[0] for clip in clips()]


def test_the_model_says_what_it_is(mini_model: Emotion2vecModel) -> None:
    info = mini_model.info
    assert info.id == "emoline/mini"
    assert info.labels == ("angry", "disgusted", "fearful", "happy", "neutral", "other", "sad")
    assert len(info.sha256) == 64
    assert "not to be relied on" in (info.notice or "")


def _refused(directory: Path) -> str:
    with Emotion2vecModel(str(directory), "cpu", 60) as model, pytest.raises(ModelUnavailable) as refused:
        model.start()
    return str(refused.value)


def _rewrite(directory: Path, change: dict[str, torch.Tensor | None]) -> None:
    stored = torch.load(directory / "model.pt", weights_only=True)
    stored["model"] = {k: change.get(k, v) for k, v in stored["model"].items() if change.get(k, v) is not None}
    torch.save(stored, directory / "model.pt")


def test_a_checkpoint_that_lacks_weights_is_refused_by_name(model_copy: Path) -> None:
    _rewrite(model_copy, {"proj.weight": None})
    assert "lacks 1 of the network's weights: proj.weight." in _refused(model_copy)


def test_a_checkpoint_of_another_shape_is_refused_by_name(model_copy: Path) -> None:
    _rewrite(model_copy, {"proj.bias": torch.zeros(9)})
    assert "has another shape for 1 of the network's weights: proj.bias." in _refused(model_copy)


def test_a_checkpoint_that_runs_code_when_loaded_is_refused(model_copy: Path, tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'canary'}",)

    torch.save({"model": Payload()}, model_copy / "model.pt")
    assert "is not a checkpoint that can be loaded safely" in _refused(model_copy)
    assert not (tmp_path / "canary").exists()


def test_a_config_that_makes_no_network_is_refused_in_a_sentence(model_copy: Path) -> None:
    (model_copy / "config.yaml").write_text("model: Emotion2vec\nmodel_conf: {depth: 1}\n", encoding="utf-8")
    assert "cannot be loaded or does not run on cpu" in _refused(model_copy)


def test_an_incomplete_directory_is_refused_before_any_process_starts(model_copy: Path) -> None:
    (model_copy / "tokens.txt").unlink()
    with pytest.raises(ModelUnavailable, match=r"lacks tokens\.txt"):
        resolve(str(model_copy))


def test_a_hub_id_is_known_as_one_and_a_wrong_name_is_not() -> None:
    assert resolve("iic/emotion2vec_plus_large").directory is None
    with pytest.raises(ModelUnavailable, match="neither a hub id nor a bundled model"):
        resolve("no-such-model")


@pytest.fixture
def own_model() -> Iterator[Emotion2vecModel]:
    """A model process that a test may hurt."""
    with Emotion2vecModel("mini", "cpu", segment_timeout_s=3) as model:
        model.start()
        yield model


def test_a_hung_or_killed_model_costs_the_clip_not_the_worker(own_model: Emotion2vecModel) -> None:
    clip = clips()[0]
    for number, reason in ((signal.SIGSTOP, FailureCode.TIMEOUT), (signal.SIGKILL, FailureCode.CRASH)):
        own_model.start()
        assert own_model.pid
        os.kill(own_model.pid, number)
        assert [outcome.reason for outcome in outcomes(own_model, [clip])] == [reason]
    assert outcomes(own_model, [clip])[0].reason is None  # a new process took over


def test_closing_while_the_model_works_blames_no_clip(own_model: Emotion2vecModel) -> None:
    assert own_model.pid
    os.kill(own_model.pid, signal.SIGSTOP)

    def close_soon() -> None:
        time.sleep(0.2)
        own_model.close()

    closer = Thread(target=close_soon)
    closer.start()
    with pytest.raises(ModelUnavailable, match="being stopped"):
        outcomes(own_model, [clips()[-1]])
    closer.join()
