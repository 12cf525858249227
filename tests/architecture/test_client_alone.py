"""The client is a distribution of its own: a few packages, typed, nothing of the service."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.embedded import embedded_service
from shared.settings import Settings
from tests.support.environments import API_LOCK, ROOT, Environment
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like

PYPROJECT = tomllib.loads((ROOT / "emoline" / "pyproject.toml").read_text(encoding="utf-8"))
INSTALLED = """
import json
from importlib.metadata import packages_distributions
print(json.dumps([name for name, owners in packages_distributions().items() if "emoline" in owners]))
"""
TYPED = "import emoline, pathlib; print((pathlib.Path(emoline.__file__).parent / 'py.typed').is_file())"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("client"))
    environment.install("--constraints", API_LOCK, environment.copy_of_client())
    return environment


@pytest.fixture
def service(tmp_path: Path) -> Iterator[str]:
    with embedded_service(Settings(data_dir=tmp_path / "data"), "127.0.0.1", 0) as url:
        yield url


def test_it_needs_at_most_five_packages() -> None:
    assert len(PYPROJECT["project"]["dependencies"]) <= 5


def test_emoline_is_its_only_top_level_name(environment: Environment, tmp_path: Path) -> None:
    assert json.loads(environment.run(INSTALLED, tmp_path)) == ["emoline"]


def test_it_is_imported_without_the_service(environment: Environment, tmp_path: Path) -> None:
    script = "import emoline.client, emoline.models, sys; print('shared' in sys.modules, 'numpy' in sys.modules)"
    assert environment.run(script, tmp_path).split() == ["False", "False"]


def test_it_is_typed(environment: Environment, tmp_path: Path) -> None:
    assert environment.run(TYPED, tmp_path).strip() == "True"


def test_the_quickstart_works_with_it(environment: Environment, service: str, tmp_path: Path) -> None:
    quickstart = (ROOT / "docs" / "how-to" / "submit-a-recording.md").read_text(encoding="utf-8")
    example = re.findall(r"```python\n(.*?)```", quickstart, re.DOTALL)[0]
    (tmp_path / "call.mp3").write_bytes(encoded(speech_like(20, seed=41).samples[:, None], 16_000, "mp3"))
    lines = environment.run(example.replace("http://127.0.0.1:8000", service), tmp_path).splitlines()
    assert lines
    assert all(re.search(r"\d s  .+: \w+ \(\d+%\)$", line) for line in lines)
