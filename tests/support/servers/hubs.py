"""A server that speaks the download protocols of Hugging Face and of ModelScope, as far as their clients need them.

It counts all requests, sends large files from another path after a redirect as both hubs do, knows ranges, and can
break off. As a proxy it gets every other request of a process too, answers 404, and so shows that there was one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.servers.serving import serving
from tests.support.waiting import PATIENCE_S

_LARGE = 1 << 20
_BLOCK = 1 << 18
_HF_REVISION = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)/revision/(?P<revision>.+)")
_HF_TREE = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)")
_HF_FILE = re.compile(r"/(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
_MS_FILES = re.compile(r"/api/v1/models/(?P<id>[^/]+/[^/]+)/repo/files")
_MS_FILE = re.compile(r"/api/v1/models/(?P<id>[^/]+/[^/]+)/repo")
_CDN = re.compile(r"/cdn/(?P<sha256>[0-9a-f]{64})")


def commit_of(revision: str) -> str:
    """The commit that a branch or tag of every repository here has."""
    return revision if re.fullmatch(r"[0-9a-f]{40}", revision) else hashlib.sha1(revision.encode()).hexdigest()


@dataclass(slots=True)
class HubServer:
    """`repositories` has a folder of files by id and revision; `requests` are the paths asked for, `sent` counts bytes.

    `break_at` is the share of a large file after which the server breaks off, and refuses files until it is None again;
    where `stall` is set it does not break off but sends nothing more. `damage` is a file whose bytes it changes.
    """

    url: str
    repositories: dict[tuple[str, str], Path] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    sent: int = 0
    break_at: float | None = None
    stall: Event | None = None
    broken: bool = False
    damage: str | None = None
    lock: Lock = field(default_factory=Lock)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment in which both clients, and all that uses a proxy, come here."""
        return {
            "HF_ENDPOINT": self.url,
            "MODELSCOPE_ENDPOINT": self.url,
            "MODELSCOPE_DOWNLOAD_MAX_RETRIES": "1",  # its pauses double, up to half a minute
            "HTTP_PROXY": self.url,
            "HTTPS_PROXY": self.url,
            "NO_PROXY": "127.0.0.1",
        }

    def repair(self) -> None:
        """Serve again, and count anew."""
        self.break_at, self.stall, self.broken, self.damage, self.sent = None, None, False, None, 0
        self.requests.clear()

    def files(self, model_id: str, revision: str) -> dict[str, Path] | None:
        """The files of a revision, by name or commit; None if there is none."""
        for (name, branch), folder in self.repositories.items():
            if name == model_id and revision in (branch, commit_of(branch)):
                paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
                return {str(path.relative_to(folder)): path for path in paths}
        return None

    def has_model(self, model_id: str) -> bool:
        return any(name == model_id for name, _ in self.repositories)


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """Run a server on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.hub = HubServer(f"http://127.0.0.1:{server.server_port}")
    with serving(server):
        yield server.hub


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: HubServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that are gone: the tests kill them."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        hub, parts = self.server.hub, urlsplit(self.path)
        with hub.lock:
            hub.requests.append(self.path)
        path, query = unquote(parts.path), {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.netloc:
            self._answer(404, b"")
        elif match := _CDN.fullmatch(path):
            self._send_large(match["sha256"])
        elif match := _HF_REVISION.fullmatch(path):
            self._hugging_face(match, None)
        elif match := _HF_TREE.fullmatch(path):
            self._hugging_face(match, "")
        elif match := _HF_FILE.fullmatch(path):
            self._hugging_face(match, match["path"])
        elif match := _MS_FILES.fullmatch(path):
            self._modelscope(match["id"], query["Revision"], None)
        elif match := _MS_FILE.fullmatch(path):
            self._modelscope(match["id"], query["Revision"], query["FilePath"])
        else:
            self._answer(404, b"")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_CONNECT(self) -> None:
        self.do_GET()

    def _hugging_face(self, match: re.Match[str], path: str | None) -> None:
        """The commit of a revision (`path` None), its files (empty), or one of them."""
        files = self.server.hub.files(match["id"], match["revision"])
        if files is None:
            known = self.server.hub.has_model(match["id"])
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound" if known else "RepoNotFound"})
        elif path is None:
            siblings = [{"rfilename": name} for name in files]
            info = {"id": match["id"], "sha": commit_of(match["revision"]), "siblings": siblings}
            self._answer(200, json.dumps(info).encode())
        elif path:
            self._send_file(path, files[path])
        else:
            entries = [_hugging_face_entry(name, file) for name, file in files.items()]
            folders = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": "example"}]
            self._answer(200, json.dumps([*folders, *entries]).encode())

    def _modelscope(self, model_id: str, revision: str, path: str | None) -> None:
        files = self.server.hub.files(model_id, revision)
        if files is None:
            self._answer(404, json.dumps({"Code": 10010205001, "Message": "not found", "Success": False}).encode())
        elif path is None:
            entries: list[dict[str, object]] = [{"Name": "example", "Path": "example", "Type": "tree", "Size": 0}]
            for name, file in files.items():
                size, sha256 = file.stat().st_size, _hashes(file)[0]
                entries.append({"Name": file.name, "Path": name, "Type": "blob", "Size": size, "Sha256": sha256})
            self._answer(200, json.dumps({"Code": 200, "Success": True, "Data": {"Files": entries}}).encode())
        else:
            self._send_file(path, files[path])

    def _send_file(self, path: str, file: Path) -> None:
        if file.stat().st_size < _LARGE:
            self._answer(200, self._damaged(path, file.read_bytes()))
        else:
            self._answer(302, b"", {"Location": f"{self.server.hub.url}/cdn/{_hashes(file)[0]}"})

    def _send_large(self, sha256: str) -> None:
        """Send a large file, or the range of it that is asked for, to the end or to where the server breaks off."""
        hub = self.server.hub
        if hub.broken:
            self._answer(503, b"")
            return
        path, file = next(
            (path, file)
            for model_id, revision in hub.repositories
            for path, file in (hub.files(model_id, revision) or {}).items()
            if _hashes(file)[0] == sha256
        )
        size = file.stat().st_size
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        begin = int(asked[1]) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(size - begin))
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{size - 1}/{size}")
        self.end_headers()
        end = size if hub.break_at is None else int(size * hub.break_at)
        with file.open("rb") as content:
            content.seek(begin)
            for start in range(begin, end, _BLOCK):
                block = content.read(min(_BLOCK, end - start))
                self.wfile.write(self._damaged(path, block))
                with hub.lock:
                    hub.sent += len(block)
        if end < size:
            hub.broken = True
            if hub.stall:
                hub.stall.wait(PATIENCE_S)

    def _damaged(self, path: str, block: bytes) -> bytes:
        return block[:-1] + bytes([block[-1] ^ 1]) if path == self.server.hub.damage else block

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


def _hugging_face_entry(name: str, file: Path) -> dict[str, object]:
    size, (sha256, git_sha1) = file.stat().st_size, _hashes(file)
    entry: dict[str, object] = {"type": "file", "oid": git_sha1, "size": size, "path": name}
    if size >= _LARGE:
        entry["lfs"] = {"oid": sha256, "size": size, "pointerSize": 134}
    return entry


@cache
def _hashes(file: Path) -> tuple[str, str]:
    """The SHA-256 of a file, and the SHA-1 of its Git blob."""
    sha256, git_sha1 = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % file.stat().st_size)
    with file.open("rb") as content:
        while block := content.read(_LARGE):
            sha256.update(block)
            git_sha1.update(block)
    return sha256.hexdigest(), git_sha1.hexdigest()
