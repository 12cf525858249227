from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from exports.formats import ExportFormat
from shared.domain.limits import Limits
from shared.domain.options import RetentionOptions, SegmentationOptions
from shared.domain.segment import SegmentFlag
from shared.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


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


def test_how_long_things_are_kept_and_how_much_a_tenant_may_is_documented() -> None:
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
