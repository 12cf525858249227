"""The documents against the code: what they must list, and where their links lead."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from exports.formats import ExportFormat
from shared.domain.limits import Limits
from shared.domain.options import RetentionOptions, SegmentationOptions
from shared.domain.segment import SegmentFlag
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ADRS = sorted((DOCS / "adr").glob("[0-9]*.md"))
PAGES = sorted(path for path in ROOT.rglob("*.md") if not path.relative_to(ROOT).parts[0].startswith((".", "build")))
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MENTION = re.compile(r"\bdocs/[\w./-]*\.md\b")
GLOSSARY_ROW = re.compile(r"^\| [^|]+ \| [^|]+ \| `([^`]+)` \|$", re.MULTILINE)
FOLDER_ROW = re.compile(r"^\| `([a-z]+)/` \|", re.MULTILINE)


def anchor(heading: str) -> str:
    """The fragment that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_setting_is_documented_with_its_default() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert field.description, name
        if name in ("segmentation", "retention", "limits"):
            continue
        row = f"| `EMOLINE_{name.upper()}` | `{field.default}` |"
        assert row in page, row


def test_every_number_of_the_segmentation_is_documented_and_an_option() -> None:
    settings, page = (DOCS / "settings.md").read_text(encoding="utf-8"), (DOCS / "segmentation.md").read_text("utf-8")
    for field in fields(SegmentationOptions):
        row = f"| `EMOLINE_SEGMENTATION__{field.name.upper()}` | `{field.default}` |"
        assert row in settings, row
        assert f"`{field.name}`" in page, field.name


def test_retention_times_and_limits_are_documented() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    for prefix, options in (("RETENTION", RetentionOptions), ("LIMITS", Limits)):
        for field in fields(options):
            row = f"| `EMOLINE_{prefix}__{field.name.upper()}` | `{field.default}` |"
            assert row in page, row


def test_every_flag_of_a_segment_is_documented() -> None:
    page = (DOCS / "flags.md").read_text(encoding="utf-8")
    for flag in SegmentFlag:
        assert f"| `{flag}` |" in page, flag


def test_every_export_is_documented() -> None:
    page = (DOCS / "exports.md").read_text(encoding="utf-8")
    for name in ExportFormat:
        assert f"| `{name}` |" in page, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_there(page: Path) -> None:
    for link in LINK.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)):
        if link.startswith(("http:", "https:")):
            continue
        path, _, fragment = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if fragment:
            assert fragment in map(anchor, HEADING.findall(target.read_text(encoding="utf-8"))), link


def test_every_page_that_code_and_texts_name_exists() -> None:
    names = subprocess.run(
        ["git", "grep", "-hoIE", r"\bdocs/[A-Za-z0-9_./-]*\.md\b"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    mentioned = set(MENTION.findall(names.stdout))
    assert len(mentioned) > 10
    assert [name for name in sorted(mentioned) if not (ROOT / name).exists()] == []


def test_every_page_is_on_the_map() -> None:
    linked = {
        (DOCS / link.partition("#")[0]).resolve() for link in LINK.findall((DOCS / "README.md").read_text("utf-8"))
    }
    pages = {path for path in DOCS.rglob("*.md") if path.parent.name != "adr"} - {DOCS / "README.md"}
    assert pages - linked == set()


@pytest.mark.parametrize("record", ADRS, ids=lambda record: record.stem)
def test_a_decision_has_its_parts_and_is_listed(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert re.match(rf"# {int(record.stem[:4])}\. \S", text)
    assert re.search(r"^- Date: 20\d\d-\d\d-\d\d$", text, re.MULTILINE)
    assert re.search(r"^- Status: (proposed|accepted|superseded)", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert f"({record.name})" in (DOCS / "adr" / "README.md").read_text(encoding="utf-8")


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 500


def test_the_architecture_fits_a_page_and_has_every_folder() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert len(page.splitlines()) <= 65
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= set(FOLDER_ROW.findall(page))


def test_the_glossary_names_places_that_exist() -> None:
    places = GLOSSARY_ROW.findall((DOCS / "glossary.md").read_text(encoding="utf-8"))
    assert len(places) > 50
    assert [place for place in places if not ((ROOT / place).exists() or (ROOT / f"{place}.py").exists())] == []


def test_every_attack_names_a_test_that_exists() -> None:
    page = (DOCS / "explanation" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert len(named) > 100
    for file, test in named:
        assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8"), (file, test)
    rows = re.search(r"together (\d+) rows", page)
    assert rows
    assert int(rows[1]) == len(re.findall(r"^\| (?!---|tried |answer )", page, re.MULTILINE))
