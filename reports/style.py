"""The stylesheet of the HTML report, and the policy that keeps everything else out of the file."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "templates" / "report.css"


@cache
def stylesheet() -> str:
    """The CSS of the report."""
    return _FILE.read_text(encoding="utf-8")


@cache
def content_security_policy() -> str:
    """The Content-Security-Policy of the report: this stylesheet, pictures and sound inside the file, nothing else."""
    digest = b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; media-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
