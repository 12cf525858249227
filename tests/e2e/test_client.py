"""The Python client and `emoline submit`, against the whole service."""

from __future__ import annotations

import hashlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
import soundfile

from cli.embedded import embedded_service
from emoline.client import Client, ServiceError, Unsuccessful
from emoline.models import JobDocument, ResultDocument
from shared.settings import Settings
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from tests.support.pdf import links, pages
from tests.support.servers.cutting_proxy import CuttingProxy
from tests.support.service_client import Client as Plain
from tests.support.waiting import PATIENCE_S

RATE = 16_000
MIB = 1 << 20


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sound(tmp_path_factory.mktemp("sounds") / "call.wav", seed=31)


@pytest.fixture
def service(client: Plain) -> Iterator[Client]:
    with Client(str(client.base_url)) as opened:
        yield opened


def sound(file: Path, seed: int, seconds: float = 8) -> Path:
    file.write_bytes(encoded(speech_like(seconds, seed=seed).samples[:, None], RATE, "wav"))
    return file


def test_a_recording_becomes_a_result_in_one_call(service: Client, call: Path) -> None:
    result = service.analyse(call, metadata={"case": "7"}, aggregation={"gap_ms": 5000})
    assert isinstance(result, ResultDocument)
    assert result.timeline
    assert result.model
    assert result.model.id == "emoline/mini"
    newest = next(service.jobs(status="succeeded"))
    assert (newest.audio.filename, newest.config.metadata) == ("call.wav", {"case": "7"})
    assert newest.config.aggregation.gap_ms == 5000


def test_a_job_is_followed_to_its_end_and_can_be_listened_to(service: Client, call: Path, tmp_path: Path) -> None:
    sent: list[int] = []
    documents: list[JobDocument] = []
    job = service.wait(service.submit(call, on_sent=sent.append).id, documents.append)
    assert sent[-1] == call.stat().st_size
    assert sent == sorted(sent)
    assert documents[-1] == job == service.job(job.id)
    percents = [each.progress.percent for each in documents]
    assert percents == sorted(percents)
    segments = list(service.segments(job.id))
    assert [segment.index for segment in segments] == list(range(job.progress.segments_total))
    (tmp_path / "0.flac").write_bytes(service.segment_audio(job.id, 0))
    frames = soundfile.info(tmp_path / "0.flac").frames
    assert frames == pytest.approx((segments[0].end_ms - segments[0].start_ms) * RATE / 1000, abs=RATE / 1000)


def test_reports_are_downloaded_in_either_language(service: Client, call: Path, tmp_path: Path) -> None:
    job = service.wait(service.submit(call).id)
    for lang, title in (("en", "Emotion report"), ("zh", "情绪分析报告")):
        service.download(job.id, "report.pdf", tmp_path / "report.pdf", lang=lang)
        document = (tmp_path / "report.pdf").read_bytes()
        assert title in " ".join(pages(document))
        assert all(re.search(rf"/#/jobs/{job.id}\?t=[\d.]+&play=1$", url) for url in links(document))
        assert len(links(document)) > 0
    with pytest.raises(ServiceError, match=r"\(job_not_found\)"):
        service.download(job.id.replace("-7", "-8"), "report.html", tmp_path / "report.html")


def test_a_job_ends_as_its_owner_wants(service: Client, tmp_path: Path) -> None:
    job = service.submit(sound(tmp_path / "long.wav", seed=32, seconds=120))
    assert service.cancel(job.id).status == "canceled"
    with pytest.raises(ServiceError, match=r"\(no_result\)"):
        service.result(job.id)
    assert service.wait(service.retry(job.id, "all").id).status == "succeeded"
    service.delete(job.id)
    with pytest.raises(ServiceError) as error:
        service.job(job.id)
    assert (error.value.status, error.value.code) == (410, "job_deleted")


def test_a_refusal_is_an_error_with_the_code_and_sentence_of_the_service(service: Client, tmp_path: Path) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("Nothing to be heard here. " * 100)
    with pytest.raises(ServiceError) as refused:
        service.submit(text)
    assert (refused.value.status, refused.value.code) == (415, "unsupported_media_type")
    with pytest.raises(ServiceError, match=r"channels.*invalid_config"):
        service.submit(sound(tmp_path / "a.wav", seed=33), channels="both")


def test_a_recording_that_cannot_be_analysed_says_why(service: Client, call: Path) -> None:
    broken = call.with_name("broken.flac")
    broken.write_bytes(b"fLaC\x00\x00\x00\x22" + bytes(5000))
    with pytest.raises(Unsuccessful, match="unsupported_media") as raised:
        service.analyse(broken)
    assert raised.value.job.error


def test_many_pages_are_one_list(service: Client) -> None:
    everything = [job.id for job in service.jobs()]
    assert len(everything) > 2
    assert [job.id for job in service.jobs(limit=2)] == everything


def test_an_upload_whose_answer_is_lost_makes_one_job(service: Client, client: Plain, tmp_path: Path) -> None:
    file = sound(tmp_path / "once.wav", seed=34)
    with CuttingProxy(str(client.base_url)) as proxy, Client(proxy.url) as through:
        proxy.cut(2, after=20)
        job = through.submit(file)
        assert proxy.cuts_left == 0
    named = [raised.id for raised in service.jobs() if raised.audio.filename == "once.wav"]
    assert named == [job.id]


def test_only_the_lost_part_of_a_large_recording_is_sent_again(service: Client, client: Plain, tmp_path: Path) -> None:
    file = sound(tmp_path / "large.wav", seed=35)
    with file.open("ab") as opened:  # with a chunk that decoders pass over, so that only sending it takes long
        opened.write(b"JUNK" + (264 * MIB).to_bytes(4, "little"))
        opened.truncate(file.stat().st_size + 8 + 264 * MIB)
    sent: list[int] = []
    with CuttingProxy(str(client.base_url)) as proxy, Client(proxy.url) as through:
        assert file.stat().st_size > 4 * 64 * MIB

        def cut_once(bytes_sent: int) -> None:
            if len(sent) == 100:  # in the second part
                proxy.cut(1, after=20)
            sent.append(bytes_sent)

        job = through.submit(file, on_sent=cut_once)
        numbers = [int(path.rsplit("/", 1)[-1]) for path in proxy.put_paths]
    assert sorted(set(numbers)) == [1, 2, 3, 4, 5]
    assert {number for number in numbers if numbers.count(number) > 1} == {2}
    assert sent[-1] == file.stat().st_size
    assert job.audio.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert service.wait(job.id).status == "succeeded"


def test_the_client_waits_for_an_unreachable_service(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    opened = embedded_service(Settings(data_dir=tmp_path), "127.0.0.1", port)
    late = Timer(1, opened.__enter__)
    started = time.monotonic()
    late.start()
    try:
        with Client(url) as client:
            assert list(client.jobs()) == []
            assert time.monotonic() - started > 1
    finally:
        late.join()
        opened.__exit__(None, None, None)


def submit(client: Plain, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "submit", "--url", client.base_url, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE_S)


def test_a_folder_is_submitted_and_its_results_come_back(client: Plain, tmp_path: Path) -> None:
    (tmp_path / "calls" / "monday").mkdir(parents=True)
    sound(tmp_path / "calls" / "one.wav", seed=35)
    sound(tmp_path / "calls" / "monday" / "two.wav", seed=36)
    (tmp_path / "calls" / "three.wav").write_text("No sound. " * 500)
    (tmp_path / "calls" / "notes.txt").write_text("Not looked at.")
    out = tmp_path / "out"
    completed = submit(client, tmp_path / "calls", "--out", out, "--config", '{"metadata": {"week": "47"}}')
    assert completed.returncode == 1
    assert "three.wav" in completed.stderr
    assert "(unsupported_media_type)" in completed.stderr
    assert "1 of 3 recordings failed." in completed.stderr
    ids = completed.stdout.split()
    jobs = [client.get(f"/v1/jobs/{job_id}").json() for job_id in ids]
    assert [job["audio"]["filename"] for job in jobs] == ["two.wav", "one.wav"]
    assert [job["config"]["metadata"] for job in jobs] == 2 * [{"week": "47"}]
    for job_id, name in zip(ids, ("monday/two.wav.json", "one.wav.json"), strict=True):
        downloaded = ResultDocument.model_validate_json((out / name).read_text())
        assert downloaded == ResultDocument.model_validate_json(client.get(f"/v1/jobs/{job_id}/result").content)


def test_without_waiting_only_the_ids_are_printed(client: Plain, call: Path) -> None:
    completed = submit(client, call)
    assert completed.returncode == 0, completed.stderr
    assert client.ended(completed.stdout.strip())["status"] == "succeeded"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.wav"], "There is no missing.wav."),
        (["--config", "{", "missing.wav"], "--config is not JSON"),
        (["--config", "[]", "missing.wav"], "--config must be an object"),
        ([], "Missing argument"),
    ],
)
def test_a_wrong_command_line_ends_with_a_sentence(client: Plain, arguments: list[str], message: str) -> None:
    completed = submit(client, *arguments)
    assert completed.returncode != 0
    assert message in " ".join(completed.stderr.split())
    assert "Traceback" not in completed.stderr
