"""The font of pictures and reports: subsets of Noto Sans CJK SC, made by `subset_noto.py`, with their licence."""

from __future__ import annotations

from pathlib import Path

FAMILY = "Noto Sans CJK SC"
FOLDER = Path(__file__).parent
REGULAR = FOLDER / "NotoSansCJKsc-Subset.otf"
BOLD = FOLDER / "NotoSansCJKsc-Bold-Subset.otf"
