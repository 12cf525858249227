"""Convert CAM++ from FunASR's class to ONNX: `python -m worker.adapters.campplus.conversion WEIGHTS OUT`.

It runs once, at set-up, in a process of its own, so that no worker that prepares recordings needs torch.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import torch

from worker.adapters.campplus.encoder import BANDS
from worker.adapters.emotion2vec.funasr_package import register_funasr

_FRAMES = 148
"""Frames in 1.5 s; other lengths work too."""
_OPSET = 17


def convert(weights: Path, out: Path) -> None:
    """Write the network with the weights of a file as ONNX: `bands` [n, frames, 80] in, `voiceprints` [n, 192] out."""
    register_funasr()
    from funasr.models.campplus.model import CAMPPlus

    network = CAMPPlus(feat_dim=BANDS, embedding_size=192)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    network.eval()
    axes = {"bands": {0: "windows", 1: "frames"}, "voiceprints": {0: "windows"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracers warn of lengths that are constant, which here they are not used for
        torch.onnx.export(
            network,
            (torch.zeros(2, _FRAMES, BANDS),),
            str(out),
            input_names=["bands"],
            output_names=["voiceprints"],
            dynamic_axes=axes,
            opset_version=_OPSET,
            dynamo=False,
        )


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
