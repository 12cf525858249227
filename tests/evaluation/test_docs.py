from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from evaluation.distortions import CONDITIONS

ROOT = Path(__file__).parents[2]
PAGES = ("docs/evaluation.md", "worker/models/mini/README.md")


@pytest.mark.parametrize("page", PAGES)
def test_the_figures_of_mini_are_those_of_its_report(page: str) -> None:
    """To a tenth of a per cent, as the report is rounded too."""
    text = (ROOT / page).read_text(encoding="utf-8")
    report = json.loads((ROOT / "worker/models/mini/held_out.json").read_text(encoding="utf-8"))
    told = dict(re.findall(r"^\| ([^|]+) \| (\d+\.\d) ?% \|", text, re.MULTILINE))
    measured = {each["condition"]: each["uar"] for each in report["robustness"]}
    assert list(measured) == ["as recorded", *(condition.name for condition in CONDITIONS)]
    for condition, uar in measured.items():
        assert float(told[condition]) == pytest.approx(100 * uar, abs=0.06), condition
