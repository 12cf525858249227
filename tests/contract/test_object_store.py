"""The contract of `shared.ports.ObjectStore`."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from shared.adapters.local_object_store import LocalObjectStore
from shared.domain.errors import ObjectNotFound, StorageFull
from shared.ports import ObjectStore
from tests.support.servers.s3 import NAMES, S3Servers, s3_servers
from tests.support.waiting import PATIENCE_S


@pytest.fixture(scope="module")
def servers() -> Iterator[S3Servers]:
    with s3_servers() as running:
        yield running


@pytest.fixture(params=["local", *NAMES])
def store(request: pytest.FixtureRequest, tmp_path: Path, servers: S3Servers) -> Iterator[ObjectStore]:
    if request.param == "local":
        yield LocalObjectStore(tmp_path / "objects")
        return
    with closing(servers[request.param].open()) as opened:
        yield opened
        opened.delete_prefix("jobs/")


def store_bytes(store: ObjectStore, key: str, *chunks: bytes) -> None:
    with store.writer(key) as writer:
        for chunk in chunks:
            writer.write(chunk)


def read(store: ObjectStore, key: str) -> bytes:
    with store.open(key) as file:
        return file.read()


def test_an_object_is_read_as_it_was_written(store: ObjectStore) -> None:
    store_bytes(store, "jobs/a/source", b"one ", b"two")
    assert read(store, "jobs/a/source") == b"one two"


def test_an_object_or_a_span_of_it_is_read_at_once(store: ObjectStore) -> None:
    store_bytes(store, "jobs/a/source", b"0123456789")
    assert store.read("jobs/a/source") == b"0123456789"
    assert store.read("jobs/a/source", range(10)) == b"0123456789"
    assert store.read("jobs/a/source", range(3, 5)) == b"34"
    assert store.read("jobs/a/source", range(9, 10)) == b"9"
    for span in (None, range(3, 5)):
        with pytest.raises(ObjectNotFound):
            store.read("jobs/a/other", span)


def test_a_store_that_works_passes_its_check_each_time(store: ObjectStore) -> None:
    for _ in range(3):
        store.check()


def test_folders_are_named_once(store: ObjectStore) -> None:
    assert list(store.folders("jobs/")) == []
    for key in ("jobs/a/source", "jobs/a/frames/1", "jobs/b/frames/1", "uploads/c/1"):
        store_bytes(store, key, b"one")
    assert sorted(store.folders("jobs/")) == ["a", "b"]
    store.delete_prefix("uploads/")


def test_writing_again_replaces(store: ObjectStore) -> None:
    store_bytes(store, "jobs/a/source", b"one")
    store_bytes(store, "jobs/a/source", b"two")
    assert read(store, "jobs/a/source") == b"two"


def test_an_object_does_not_exist_before_it_is_whole(store: ObjectStore) -> None:
    with store.writer("jobs/a/source") as writer:
        writer.write(b"half")
        with pytest.raises(ObjectNotFound):
            read(store, "jobs/a/source")


def test_a_broken_off_write_leaves_nothing(store: ObjectStore) -> None:
    def break_off() -> None:
        with store.writer("jobs/a/source") as writer:
            writer.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    with pytest.raises(ObjectNotFound):
        store.read("jobs/a/source")


def test_deleting_a_prefix_takes_every_object_under_it_and_no_other(store: ObjectStore) -> None:
    for key in ("jobs/a/source", "jobs/a/segments/0.flac", "jobs/ab/source"):
        store_bytes(store, key, b"x")
    store.delete_prefix("jobs/a/")
    store.delete_prefix("jobs/a/")  # there may be none
    with pytest.raises(ObjectNotFound):
        read(store, "jobs/a/segments/0.flac")
    assert read(store, "jobs/ab/source") == b"x"


def test_an_open_object_can_seek(store: ObjectStore) -> None:
    store_bytes(store, "jobs/a/source", b"0123456789")
    with store.open("jobs/a/source") as file:
        assert file.seekable()
        assert (file.seek(-3, os.SEEK_END), file.read(2), file.tell()) == (7, b"78", 9)
        assert (file.seek(1), file.read(3), file.read()) == (1, b"123", b"456789")
        assert (file.seek(20), file.read(5)) == (20, b"")


def test_objects_under_a_prefix_are_listed_with_their_sizes(store: ObjectStore) -> None:
    store_bytes(store, "jobs/a/source", b"one")
    store_bytes(store, "jobs/a/parts/1", b"")
    store_bytes(store, "jobs/ab/source", b"x")
    assert store.sizes("jobs/a/") == {"jobs/a/source": 3, "jobs/a/parts/1": 0}
    assert store.sizes("jobs/b/") == {}


def test_clients_put_objects_of_the_size_that_was_named_to_a_url(store: ObjectStore) -> None:
    url = store.put_url("jobs/a/source", 9, 60)
    if isinstance(store, LocalObjectStore):
        assert url is None
        return
    assert url is not None
    httpx2.put(url, content=b"123456789", timeout=PATIENCE_S).raise_for_status()
    assert read(store, "jobs/a/source") == b"123456789"


def test_another_size_than_was_named_and_another_key_are_refused(servers: S3Servers) -> None:
    with closing(servers["rclone"].open()) as store:  # it checks signatures
        url = store.put_url("jobs/a/source", 9, 60)
        assert httpx2.put(url, content=b"1234567890", timeout=PATIENCE_S).status_code == 403
        assert httpx2.put(url.replace("jobs/a", "jobs/b"), content=b"123456789", timeout=PATIENCE_S).status_code == 403
        assert store.sizes("jobs/") == {}


def test_an_object_may_be_empty(store: ObjectStore) -> None:
    store_bytes(store, "jobs/a/source")
    assert read(store, "jobs/a/source") == b""


def test_no_room_on_the_disk_is_an_error_of_its_own_and_leaves_nothing(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # the kernel refuses as on a full disk
    try:
        with pytest.raises(StorageFull):
            store_bytes(store, "jobs/a/source", bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(ObjectNotFound):
        store.read("jobs/a/source")


def test_a_prefix_to_delete_ends_with_a_slash(store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="ends with"):
        store.delete_prefix("jobs/a")


@pytest.mark.parametrize("key", ["../outside", "jobs/../../outside", "/etc/passwd", ""])
def test_a_key_never_leaves_the_store(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        store_bytes(store, key, b"x")


def test_the_remains_of_a_killed_writer_are_removed_after_a_day(tmp_path: Path) -> None:
    LocalObjectStore(tmp_path)
    old, young = (tmp_path / ".incoming" / name for name in ("old", "young"))
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    LocalObjectStore(tmp_path)
    assert (old.exists(), young.exists()) == (False, True)
