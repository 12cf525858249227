"""The directory of a head, which `EMOLINE_MODEL` and `--model` take, and its report."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adaptation.adapt import Adaptation, HeadFigures
from worker.adapters.emotion2vec.head import Head
from worker.adapters.emotion2vec.model_directory import ModelName, base_of, describe, file_sha256


def write_head(folder: Path, adaptation: Adaptation, base: ModelName) -> None:
    """Write the head into a folder as a model directory; over a base that is a head itself, on the network of that."""
    assert base.directory  # the base has been run
    folder.mkdir(parents=True, exist_ok=True)
    described = describe(base.head or base.directory)
    head = adaptation.head.over(Head.read(base.head)) if base.head else adaptation.head
    head.write(folder)
    (folder / "tokens.txt").write_text("\n".join(adaptation.labels) + "\n", encoding="utf-8")
    clips = sum(adaptation.clips.values())
    about = {
        "id": f"{described.id}+{folder.resolve().name}",
        "revision": f"{datetime.now(UTC):%Y-%m-%d}",
        "notice": f"A head adapted on {clips} clips of {adaptation.units} speakers or recordings, on the network of "
        f"{described.id}.",
        "temperature": adaptation.temperature,
        "base": {"model": _base_name(base), "sha256": file_sha256(base.directory / "model.pt")},
    }
    text = json.dumps({"emoline": about}, ensure_ascii=False, indent=2)
    (folder / "configuration.json").write_text(f"{text}\n", encoding="utf-8")
    adaptation.calibration.write(folder, {})


def _base_name(base: ModelName) -> str:
    """The name of the whole model: as given for bundled ones and those of hubs, else the path of its directory."""
    name = base_of(base.head).model if base.head else base.name
    return name if base.hub_model or re.fullmatch(r"\w+", name) else str(Path(name).resolve())


def write_report(folder: Path, adaptation: Adaptation, skipped: Mapping[str, int], model_id: str) -> None:
    """Write `adaptation.json` and `adaptation.md`, whether the head was accepted or not."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(to_document(adaptation, skipped), ensure_ascii=False, indent=2)
    (folder / "adaptation.json").write_text(f"{text}\n", encoding="utf-8")
    (folder / "adaptation.md").write_text(to_markdown(adaptation, skipped, model_id), encoding="utf-8")


def to_document(adaptation: Adaptation, skipped: Mapping[str, int]) -> dict[str, Any]:
    """Return the figures as JSON values."""
    gain, low, high = adaptation.gain
    return {
        "labels": list(adaptation.labels),
        "clips": dict(adaptation.clips),
        "units": adaptation.units,
        "skipped": dict(skipped),
        "old": asdict(adaptation.old),
        "new": asdict(adaptation.new),
        "gain": {"uar": gain, "low": low, "high": high},
        "better": adaptation.better,
        "regularisation": asdict(adaptation.regularisation),
        "temperature": adaptation.temperature,
    }


def to_markdown(adaptation: Adaptation, skipped: Mapping[str, int], model_id: str) -> str:
    """Return the report for people."""
    gain, low, high = adaptation.gain
    verdict = "better" if adaptation.better else "not better"
    lines = [
        f"# A head on {model_id}",
        "",
        f"{sum(adaptation.clips.values())} clips of {adaptation.units} speakers or recordings: "
        + ", ".join(f"{label} {count}" for label, count in adaptation.clips.items())
        + ".",
        "",
        "Speakers or recordings were left out in turn, a fifth at a time. The model as it is may answer these labels "
        "only.",
        "",
        "| | UAR | 95 % interval | ECE |",
        "| --- | --- | --- | --- |",
        _row("the model as it is", adaptation.old),
        _row("the new head", adaptation.new),
        "",
        f"The new head is {verdict}: {100 * gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}). "
        f"Better means over 0, and over the {1 / len(adaptation.labels):.1%} of guessing, beyond the intervals.",
        "",
        f"Penalty {adaptation.regularisation.strength:g}, the model's own outputs times "
        f"{adaptation.regularisation.mix:g}, temperature {adaptation.temperature:.2f}; all chosen on clips that were "
        "left out.",
    ]
    lacking = [label for label in adaptation.labels if label not in adaptation.shared_labels]
    if lacking:
        lines += ["", f"The model as it is does not have {', '.join(lacking)}: it is wrong on each clip of these."]
    if skipped:
        lines += ["", "Skipped: " + ", ".join(f"{count} {reason}" for reason, count in skipped.items()) + "."]
    return "\n".join(lines) + "\n"


def _row(name: str, figures: HeadFigures) -> str:
    return f"| {name} | {figures.uar:.1%} | {figures.low:.1%} to {figures.high:.1%} | {figures.ece:.1%} |"
