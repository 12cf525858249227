"""The forward pass on a GPU without one: PyTorch's fake tensors have a device, a dtype and a shape, and no numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from worker.adapters.emotion2vec.model_directory import BUNDLED
from worker.adapters.emotion2vec.network import batched_forward
from worker.adapters.emotion2vec.network.checkpoint import load

pytestmark = [
    pytest.mark.skipif(torch.version.cuda is None, reason="This build of PyTorch knows no CUDA."),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_each_product_gets_operands_of_one_device_and_dtype(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily  # imports torch's compiler

    def load_real(directory: Path, outputs: int) -> Any:
        with unset_fake_temporarily():  # modules with fake weights cannot be moved to another device
            return load(directory, outputs)

    monkeypatch.setattr(batched_forward, "load", load_real)
    with FakeTensorMode(allow_non_fake_inputs=True):
        network = batched_forward.Network(BUNDLED / "mini", torch.device("cuda"), dtype)
        lengths = [16_000, 40_000, 17_000, 400]
        sound = torch.zeros(sum(lengths), dtype=torch.int16).to("cuda", non_blocking=True)  # as the engine copies it
        output = network(torch.split(sound, lengths), frame_embeddings=True)
    assert output.frames == [49, 124, 52, 1]
    assert output.scores.shape == (4, len(network.labels))
    assert output.logits.shape == (sum(output.frames), len(network.labels))
    assert output.frame_embeddings is not None
    for result in (output.scores, output.logits, output.embeddings, output.frame_embeddings):
        assert (result.device.type, result.dtype) == ("cpu", torch.float32)
