"""Uploads in parts through the API."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from tests.support.api_client import WAV

PART = 65_536
LONG = WAV + bytes(2 * PART)


def begin_upload(client: TestClient, content: bytes = LONG, **fields: Any) -> dict[str, Any]:
    body = {"filename": "a/call.wav", "size_bytes": len(content), "part_bytes": PART} | fields
    answer = client.post("/v1/uploads", json=body)
    assert answer.status_code == 201, answer.text
    upload: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/uploads/{upload['id']}"
    return upload


def put_part(client: TestClient, part: dict[str, Any], content: bytes = LONG) -> None:
    chosen = content[part["offset"] :][: part["size_bytes"]]
    assert client.put(part["url"], content=chosen).status_code == 204


def read_upload(client: TestClient, upload: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get(f"/v1/uploads/{upload['id']}").json())
