"""`python -m lab.training.train`: train the bundled checkpoint."""

import argparse
import json
import time
from pathlib import Path

import torch

from lab.training.dataset import load_clips
from lab.training.stages import extract_features, fit_head, pretrain, publish

MODEL_ID = "emoline/mini"
NOTICE = (
    "Small demonstration model, trained on 25 minutes of acted German speech (EmoDB); its answers are not to be relied "
    "on. Of other actors of the same sentences, it finds {uar:.0%} of each of 7 labels on average; chance is 14%."
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the demonstration checkpoint on EmoDB, in about 20 minutes.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/emodb"), help="EmoDB with labels.csv")
    parser.add_argument("--output", type=Path, default=Path("worker/models/mini"), help="model directory to write")
    parser.add_argument(
        "--report",
        type=Path,
        default=Path("docs/evaluation/report.json"),
        help="of training.cross_validate, whose UAR the model's notice tells",
    )
    parser.add_argument("--threads", type=int, default=2, help="threads that torch uses")
    arguments = parser.parse_args()
    uar = json.loads(arguments.report.read_text(encoding="utf-8"))["measured"]["uar"]["value"]
    torch.set_num_threads(arguments.threads)
    started = time.monotonic()
    clips = load_clips(arguments.data)
    model = pretrain(clips)
    fit_head(model, extract_features(model, clips), clips)
    publish(model, arguments.output, MODEL_ID, NOTICE.format(uar=uar))
    print(f"{arguments.output} written after {(time.monotonic() - started) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
