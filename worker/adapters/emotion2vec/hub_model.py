"""Names of models on the two hubs, `[hf:]owner/name[@revision]`, and the record of a download."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

MODELSCOPE = "modelscope"
HUGGING_FACE = "huggingface"
HUB_NAMES = {MODELSCOPE: "ModelScope", HUGGING_FACE: "Hugging Face"}
_NAME = re.compile(r"(?P<hf>hf:)?(?P<id>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>\w[\w./-]*))?")
_RECORD = "emoline-download.json"


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model on a hub. `revision` is a branch, tag or commit, None unless the user names one."""

    hub: str
    id: str
    revision: str | None

    @classmethod
    def from_name(cls, name: str) -> HubModel | None:
        """Read the name that a user gives; None if it is not of this form."""
        match = _NAME.fullmatch(name)
        return cls(HUGGING_FACE if match["hf"] else MODELSCOPE, match["id"], match["revision"]) if match else None

    @property
    def default_branch(self) -> str:
        """The branch that the hub itself takes by default."""
        return "main" if self.hub == HUGGING_FACE else "master"

    @property
    def hub_name(self) -> str:
        """The hub's name for people."""
        return HUB_NAMES[self.hub]

    def directory(self, models_dir: Path, revision: str) -> Path:
        """The directory of a download: one for each revision, so that none is changed by another."""
        return models_dir / self.hub / f"{self.id}@{quote(revision, safe='')}"


@dataclass(frozen=True, slots=True)
class DownloadRecord:
    """A complete, verified download: its id, its revision (a commit where the hub tells), SHA-256 by file."""

    id: str
    revision: str
    files: Mapping[str, str]


def read_record(directory: Path) -> DownloadRecord | None:
    """Read the record of a download; None unless it was completed and all of its files are still there."""
    try:
        record = DownloadRecord(**json.loads((directory / _RECORD).read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return record if all((directory / file).is_file() for file in record.files) else None


def write_record(directory: Path, record: DownloadRecord) -> None:
    """Write the record, the last step of a download, so that no reader sees half of it."""
    unfinished = directory / f"{_RECORD}.incomplete"
    unfinished.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    unfinished.replace(directory / _RECORD)


def remove_record(directory: Path) -> None:
    """Remove the record of a download that turned out to be damaged."""
    (directory / _RECORD).unlink(missing_ok=True)
