"""The font of pictures and reports: parts of Noto Sans CJK SC, under the licence beside them. `cut.py` made them."""

from __future__ import annotations

from pathlib import Path

FAMILY = "Noto Sans CJK SC"
FOLDER = Path(__file__).parent
REGULAR = FOLDER / "NotoSansCJKsc-Subset.otf"
BOLD = FOLDER / "NotoSansCJKsc-Bold-Subset.otf"


def path() -> Path:
    """The file of the regular weight, for libraries that ask for one."""
    return REGULAR
