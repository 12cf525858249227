"""The page: served without a key, from the service alone, and anew after an upgrade."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.errors import GENERAL, STATUS
from api.routes.page import FOLDER
from shared.container import Services
from shared.domain.failure import FAILURES, SEGMENT_REASONS
from shared.domain.options import JobOptions
from tests.support.analysed import Part, analysed
from tests.support.api_client import secret_of

FILES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.*"))


def test_the_page_and_its_files_need_no_key(services: Services) -> None:
    secret_of(services, "acme")
    with TestClient(create_app(services, ["testserver"])) as client:
        for path in ("/", *(f"/page/{name}" for name in FILES)):
            assert client.get(path).status_code == 200, path


def test_an_unchanged_file_is_not_sent_again(standing_client: TestClient) -> None:
    for path in ("/", "/page/main.js"):
        first = standing_client.get(path)
        assert first.headers["cache-control"] == "no-cache"
        unchanged = standing_client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_the_page_may_load_only_from_the_service(standing_client: TestClient) -> None:
    for path in ("/", "/page/main.js"):
        headers = standing_client.get(path).headers
        policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert policy["media-src"] == "'self' blob:"
        assert "'unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
    markup = standing_client.get("/").text
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", markup)


@pytest.mark.parametrize("parameters", [{}, {"redirect": True}, {"redirect": False}])
def test_the_audio_of_a_segment_comes_from_this_service(
    client: TestClient, services: Services, parameters: dict[str, bool]
) -> None:
    job_id = analysed(services, [Part(0, 0)], JobOptions())
    with services.object_store.writer(services.jobs.segment(job_id, 0).audio_key) as writer:
        writer.write(b"fLaC")
    sound = client.get(f"/v1/jobs/{job_id}/segments/0/audio", params=parameters)
    assert (sound.status_code, sound.headers["content-type"], sound.content) == (200, "audio/flac", b"fLaC")
    assert client.get(f"/v1/jobs/{job_id}/segments/1/audio").status_code == 404


def test_other_paths_below_the_page_are_not_found(standing_client: TestClient) -> None:
    for path in ("/page/", "/page/nowhere.js", "/page/%2e%2e/app.py", "/page/../app.py"):
        assert standing_client.get(path).status_code == 404, path


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js")])
def test_every_import_of_a_module_exists(name: str) -> None:
    source = FOLDER / name
    for imported in re.findall(r'from "(\.[^"]+)"', source.read_text()):
        assert (source.parent / imported).is_file(), imported


def test_all_modules_are_preloaded(standing_client: TestClient) -> None:
    preloaded = re.findall(r'(?:src|href)="/page/([^"]+\.js)"', standing_client.get("/").text)
    assert sorted(preloaded) == [name for name in FILES if name.endswith(".js")]


def test_every_error_of_a_request_or_a_job_has_a_chinese_sentence() -> None:
    failures = {failure.code.value for failure in FAILURES.values() if failure.code not in SEGMENT_REASONS}
    codes = {kind.code for kind in STATUS} | {code for code, _ in GENERAL.values()} | failures
    assert set(_keys(FOLDER / "locales" / "problems" / "zh.js")) == codes


def test_both_languages_have_the_same_keys() -> None:
    keys = {path.stem: set(_keys(path)) for path in (FOLDER / "locales").glob("*.js")}
    assert keys.keys() == {"en", "zh"}
    assert keys["en"] == keys["zh"]


def _keys(path: Path) -> list[str]:
    return re.findall(r'(?:^|, )\s*"([\w.-]+)":', path.read_text(), re.MULTILINE)


def test_every_text_that_a_module_uses_exists() -> None:
    words = set(_keys(FOLDER / "locales" / "en.js"))
    for name in FILES:
        if name.endswith(".js"):
            used = re.findall(r'\bt\("([\w.]+)"', (FOLDER / name).read_text())
            assert set(used) <= words, name
