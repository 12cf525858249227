"""Make the fonts of this folder as subsets of Noto Sans CJK, from Debian's package fonts-noto-cjk:

apt-get download fonts-noto-cjk && dpkg -x fonts-noto-cjk_*.deb noto
python -m reports.fonts.subset_noto noto/usr/share/fonts/opentype/noto

The regular weight has the 6,763 characters of GB 2312, which people's names need; the bold one, for headings, has the
letters of European languages and the characters of our own texts.
"""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from reports.fonts import BOLD, REGULAR
from reports.texts import TEXTS

_SIMPLIFIED_CHINESE = 2
"""Its index in Noto's collections."""
_LETTER_RANGES = (
    range(0x20, 0x250),  # Latin
    range(0x370, 0x530),  # Greek, Cyrillic
    range(0x1E00, 0x1F00),  # Latin with more accents, as in Vietnamese
    range(0x2000, 0x2600),  # punctuation, currencies, arrows, blocks
    range(0x3000, 0x3100),  # punctuation of Chinese and Japanese, kana
    range(0xFF00, 0xFFF0),  # full width
)


def main(folder: Path) -> None:
    """Write both weights from the collections in `folder`."""
    letters = {chr(code) for code in chain(*_LETTER_RANGES)}
    of_texts = {character for text in TEXTS.values() for character in repr(text)}
    rows, cells = range(0xB0, 0xF8), range(0xA1, 0xFF)
    gb2312 = bytes(chain(*((row, cell) for row in rows for cell in cells))).decode("gb2312", errors="ignore")
    _write_subset(folder / "NotoSansCJK-Regular.ttc", letters | of_texts | set(gb2312), REGULAR)
    _write_subset(folder / "NotoSansCJK-Bold.ttc", letters | of_texts, BOLD)


def _write_subset(collection: Path, characters: set[str], target: Path) -> None:
    font = TTFont(collection, fontNumber=_SIMPLIFIED_CHINESE, recalcTimestamp=False)
    # Without hints and the tables for vertical text, the file is half as large.
    options = subset.Options(layout_features=["kern"], hinting=False, desubroutinize=True)
    options.drop_tables += ["vhea", "vmtx", "VORG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(characters))
    subsetter.subset(font)
    subset.save_font(font, target, options)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
