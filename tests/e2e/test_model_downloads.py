"""Models from both hubs, by the hubs' own clients: downloaded, resumed, verified, and used without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
import soundfile
import torch

from tests.support.command_line import emoline
from tests.support.command_processes import CommandProcess
from tests.support.media.speech import speech_like
from tests.support.servers.hubs import HubServer, commit_of, hub_server
from tests.support.waiting import PATIENCE_S, wait_until
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.adapters.emotion2vec.model_directory import BUNDLED

ID = "someone/emotion2vec_copy"
NAMES = {"modelscope": ID, "huggingface": f"hf:{ID}"}
BRANCHES = {"modelscope": "master", "huggingface": "main"}
REVISIONS = {"modelscope": "master", "huggingface": commit_of("main")}
HUB_NAMES = {"modelscope": "ModelScope", "huggingface": "Hugging Face"}
BLOCKS = {"modelscope": 2**20, "huggingface": 10 * 2**20}
"""Bytes that each client reads before it writes them: so many may come twice."""
WANTED = {"config.yaml", "configuration.json", "model.pt", "tokens.txt", "example/test.wav"}
LARGE = "iic/emotion2vec_plus_large", "hf:emotion2vec/emotion2vec_plus_large"

hubs = pytest.mark.parametrize("hub", list(NAMES))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository as the published ones: weights of `mini` with 60 MB of optimizer state beside, and other files."""
    folder = Path(shutil.copytree(BUNDLED / "mini", tmp_path_factory.mktemp("published") / "model"))
    stored = torch.load(folder / "model.pt", weights_only=True)
    torch.save(stored | {"optimizer": torch.randn(15_000_000)}, folder / "model.pt")
    configuration = json.loads((folder / "configuration.json").read_text("utf-8"))
    del configuration["emoline"]
    (folder / "configuration.json").write_text(json.dumps(configuration), "utf-8")
    (folder / "example").mkdir()
    soundfile.write(folder / "example" / "test.wav", speech_like(65_666 / 16_000, seed=3).samples, 16_000)
    (folder / "logo.png").write_bytes(b"not wanted")
    return folder


@pytest.fixture
def server(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A server with that repository on both hubs' default branches."""
    with hub_server() as running:
        for branch in BRANCHES.values():
            running.repositories[ID, branch] = published
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("EMOLINE_MODELS_DIR", str(tmp_path / "models"))
        monkeypatch.setenv("HOME", str(tmp_path))
        yield running


def downloaded(tmp_path: Path, hub: str) -> Path:
    (directory,) = (tmp_path / "models" / hub).glob("*/*@*/")
    return directory


def files_in(directory: Path) -> set[str]:
    paths = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    return paths - {"emoline-download.json"}


@hubs
@pytest.mark.parametrize("way", ["the connection breaks", "the process is killed"])
def test_a_download_that_ends_at_60_percent_goes_on_there(
    hub: str, way: str, server: HubServer, published: Path, tmp_path: Path
) -> None:
    size = (published / "model.pt").stat().st_size
    server.break_at = 0.6
    if way == "the connection breaks":
        refused = emoline("models", "pull", NAMES[hub])
        assert refused.returncode == 1
        assert f"could not be downloaded from {HUB_NAMES[hub]}" in " ".join(refused.stderr.split())
        assert not re.search("Traceback|modelscope_hub|Error while downloading|file/s", refused.stderr), refused.stderr
    else:
        server.stall = Event()
        stdout, stderr = tmp_path / "stdout", tmp_path / "stderr"
        process = CommandProcess(["models", "pull", NAMES[hub]], os.environ, stdout, stderr)
        wait_until(lambda: server.broken)
        wait_until(lambda: _received(tmp_path) >= 0.6 * size - BLOCKS[hub])  # the rest of it is not written yet
        process.kill()
        process.wait(PATIENCE_S)
        server.stall.set()
    assert json.loads(emoline("models", "--json").stdout)[0]["name"] == "mini"

    server.repair()
    pulled = emoline("models", "pull", NAMES[hub])
    assert pulled.returncode == 0, pulled.stderr
    assert "Complete and verified" in pulled.stdout
    assert server.sent <= 0.4 * size + BLOCKS[hub], f"{server.sent / size:.0%} came again"
    directory = downloaded(tmp_path, hub)
    assert files_in(directory) == WANTED
    assert (directory / "model.pt").read_bytes() == (published / "model.pt").read_bytes()


def _received(tmp_path: Path) -> int:
    return max((path.stat().st_size for path in (tmp_path / "models").rglob("*.incomplete")), default=0)


@hubs
def test_the_first_use_downloads_too_and_the_next_one_makes_no_request(
    hub: str, server: HubServer, tmp_path: Path
) -> None:
    with Emotion2vecModel(NAMES[hub], segment_timeout_s=60, models_dir=tmp_path / "models") as model:
        assert model.problem == f"The model {NAMES[hub]} is being downloaded."
        assert (model.info.id, model.info.revision) == (ID, REVISIONS[hub])
    assert files_in(downloaded(tmp_path, hub)) == WANTED

    server.requests.clear()
    call = tmp_path / "call.wav"
    soundfile.write(call, speech_like(5, seed=1).samples, 16_000)
    analysed = emoline("analyze", call, "--model", NAMES[hub], "--out", tmp_path / "out")
    assert analysed.returncode == 0, analysed.stderr
    model = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))["model"]
    assert (model["id"], model["revision"]) == (ID, REVISIONS[hub])
    again = emoline("models", "pull", NAMES[hub])
    assert again.returncode == 0, again.stderr
    checked = emoline("models", "check", NAMES[hub])
    assert "no release that Emoline knows" in checked.stdout
    assert "test.wav has 204 frames" in " ".join(checked.stdout.split())
    assert server.requests == []


@hubs
def test_each_revision_is_a_model_of_its_own(hub: str, server: HubServer, published: Path, tmp_path: Path) -> None:
    older = Path(shutil.copytree(published, tmp_path / "older"))
    tokens = (older / "tokens.txt").read_text("utf-8").split()
    (older / "tokens.txt").write_text("\n".join([*tokens[:-1], "unuse_0"]), "utf-8")
    server.repositories[ID, "v1"] = older
    for name in (NAMES[hub], f"{NAMES[hub]}@v1"):
        assert emoline("models", "pull", name).returncode == 0
    latest, tagged = (_listed(f"{NAMES[hub]}{revision}") for revision in ("", "@v1"))
    assert "sad" in latest["labels"]
    assert "sad" not in tagged["labels"]
    assert tagged["revision"] == (commit_of("v1") if hub == "huggingface" else "v1")


def _listed(name: str) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMOLINE_MODEL", name)
        listed: dict[str, str] = json.loads(emoline("models", "--json").stdout)[-1]
    return listed


@hubs
def test_two_that_pull_at_the_same_time_download_once(
    hub: str, server: HubServer, published: Path, tmp_path: Path
) -> None:
    processes = [
        CommandProcess(["models", "pull", NAMES[hub]], os.environ, tmp_path / f"{i}.out", tmp_path / "err")
        for i in range(2)
    ]
    assert [process.wait(PATIENCE_S) for process in processes] == [0, 0], (tmp_path / "err").read_text()
    assert server.sent == (published / "model.pt").stat().st_size


@hubs
@pytest.mark.parametrize("file", ["model.pt", "tokens.txt"])
def test_a_file_that_is_not_as_listed_is_refused_and_comes_again(
    hub: str, file: str, server: HubServer, tmp_path: Path
) -> None:
    server.damage = file
    refused = emoline("models", "pull", NAMES[hub])
    assert refused.returncode == 1
    # ModelScope's client compares the hash itself, Hugging Face's the size only.
    reason = "FileIntegrityError" if hub == "modelscope" else f"{file} of {ID} arrived damaged"
    assert reason in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
    server.repair()
    assert emoline("models", "pull", NAMES[hub]).returncode == 0


@hubs
def test_a_download_that_was_damaged_on_disk_is_repaired(hub: str, server: HubServer, tmp_path: Path) -> None:
    assert emoline("models", "pull", NAMES[hub]).returncode == 0
    tokens = downloaded(tmp_path, hub) / "tokens.txt"
    original = tokens.read_bytes()
    tokens.write_bytes(original[:-2])
    server.repair()
    assert emoline("models", "pull", NAMES[hub]).returncode == 0
    assert tokens.read_bytes() == original
    assert server.sent == 0, "the weights came again"


@pytest.mark.parametrize("name", LARGE)
def test_other_weights_under_the_name_of_a_known_release_are_refused(
    name: str, server: HubServer, published: Path, tmp_path: Path
) -> None:
    model_id = name.removeprefix("hf:")
    for revision in ("master", "6c303ba987b86b93193de93e34bb2b077a6bedc4", "v9"):
        server.repositories[model_id, revision] = published
    refused = emoline("models", "pull", name)
    message = " ".join(refused.stderr.split())
    assert refused.returncode == 1
    assert "is not the known release's" in message
    assert "name its revision" in message
    assert emoline("models", "pull", f"{name}@v9").returncode == 0


@hubs
@pytest.mark.parametrize(("name", "reason"), [("someone/else", "someone/else for you"), (f"{ID}@v3", "revision v3")])
def test_a_model_or_revision_that_is_not_there_is_named(hub: str, name: str, reason: str, server: HubServer) -> None:
    refused = emoline("models", "pull", name if hub == "modelscope" else f"hf:{name}")
    assert refused.returncode == 1
    assert f"{HUB_NAMES[hub]} has no model" in " ".join(refused.stderr.split())
    assert reason in " ".join(refused.stderr.split())


@hubs
def test_a_repository_in_another_layout_is_refused(hub: str, server: HubServer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.pt").write_bytes(b"weights")
    server.repositories["someone/whisper", BRANCHES[hub]] = tmp_path / "other"
    refused = emoline("models", "pull", NAMES[hub].replace(ID, "someone/whisper"))
    assert "lacks config.yaml, tokens.txt" in " ".join(refused.stderr.split())


@hubs
def test_without_a_network_a_sentence_says_what_to_do(hub: str, server: HubServer) -> None:
    with hub_server() as closed:
        url = closed.url
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
            patch.setenv(name, url)
        refused = emoline("models", "pull", NAMES[hub])
    message = " ".join(refused.stderr.split())
    assert refused.returncode == 1
    assert re.search(r"could not be downloaded .* Where there is no network, copy", message)


def test_a_published_encoder_without_a_classifier_is_refused_by_name(server: HubServer, tmp_path: Path) -> None:
    directory = tmp_path / "emotion2vec_base"
    directory.mkdir()
    for name in ("iic/emotion2vec_base", "hf:emotion2vec/emotion2vec_base", str(directory)):
        refused = emoline("models", "pull", name)
        assert refused.returncode == 1
        assert "emotion2vec_base has no classifier" in " ".join(refused.stderr.split())
    assert server.requests == []


def test_what_needs_no_download_says_so() -> None:
    completed = emoline("models", "pull", "mini")
    assert completed.returncode == 0
    assert "there is nothing to download" in completed.stderr
    absent = emoline("models", "check", "iic/no_such_model")
    assert absent.returncode == 1
    assert "`emoline models pull iic/no_such_model` downloads it" in " ".join(absent.stderr.split())
