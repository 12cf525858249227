"""How the HTML looks, and the rules that keep anything else out of it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "templates" / "report.css"


@cache
def style() -> str:
    return _FILE.read_text(encoding="utf-8")


@cache
def policy() -> str:
    """The Content-Security-Policy: this style, pictures and sounds that are inside the file, and nothing else."""
    digest = b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; media-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
