from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from evaluation.distortions import CONDITIONS

ROOT = Path(__file__).parents[2]
REPORT = json.loads((ROOT / "docs/evaluation/report.json").read_text(encoding="utf-8"))
MINI = ROOT / "worker/models/mini"


def first_figures(page: str) -> dict[str, str]:
    """Return the first figure of each row of a page's tables."""
    return dict(re.findall(r"^\| ([^|]+) \| (\d+\.\d) ?% \|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", ["wa", "uar", "macro_f1"])
@pytest.mark.parametrize("page", ["docs/explanation/accuracy.md", "worker/models/mini/README.md"])
def test_rates_of_mini_are_those_of_its_report(page: str, name: str) -> None:
    row = {"wa": "WA", "uar": "UAR", "macro_f1": "macro-F1"}[name]
    assert float(first_figures(page)[row]) == pytest.approx(100 * REPORT["measured"][name]["value"], abs=0.06)


def test_figures_of_conditions_are_those_of_the_report() -> None:
    """To a tenth of a per cent, as the report is rounded too."""
    measured = {each["condition"]: each["uar"] for each in REPORT["robustness"]}
    assert list(measured) == ["as recorded", *(condition.name for condition in CONDITIONS)]
    for condition, uar in measured.items():
        figure = first_figures("docs/explanation/accuracy.md")[condition]
        assert float(figure) == pytest.approx(100 * uar, abs=0.06), condition


def test_figures_of_long_recordings_are_those_of_their_report() -> None:
    report = json.loads((ROOT / "docs/evaluation/long/report.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/explanation/accuracy.md").read_text(encoding="utf-8")
    errors, boundaries = report["timeline"]["errors"], report["timeline"]["boundaries"]
    assert f"| EDER | {100 * errors['eder']:.1f} % of {errors['total_s']:,.0f} s" in page
    assert f"always neutral | {100 * errors['emotional_s'] / errors['total_s']:.1f} % |" in page
    assert f"{boundaries['median_ms'] / 1000:.1f} s and {boundaries['mean_ms'] / 1000:.1f} s |" in page
    assert f"| UAR, of six labels | {100 * report['measured']['uar']['value']:.1f} %" in page


def test_the_notice_of_mini_has_the_uar_of_its_report() -> None:
    notice = json.loads((MINI / "configuration.json").read_text(encoding="utf-8"))["emoline"]["notice"]
    assert f"finds {REPORT['measured']['uar']['value']:.0%} of each" in notice
