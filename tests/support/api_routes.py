"""Every route of the API, with parameters, headers and bodies that it accepts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from tests.support.api_client import UNKNOWN, bearer

OPEN = {"/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/"}


IDS = {
    "index": "0",
    "key_id": "key_00000000-0000-7000-8000-000000000000",
    "job_id": UNKNOWN,
    "share_id": UNKNOWN.replace("job_", "shr_"),
    "batch_id": UNKNOWN.replace("job_", "batch_"),
    "endpoint_id": UNKNOWN.replace("job_", "whe_"),
    "delivery_id": UNKNOWN.replace("job_", "msg_"),
    "upload_id": UNKNOWN.replace("job_", "upl_"),
    "number": "1",
    "speaker": "S1",
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/batches"): {"jobs": [{"source": {"url": "https://calls.example/1.mp3"}}]},
    ("PATCH", "/v1/jobs/{job_id}"): {},
    ("POST", "/v1/jobs/{job_id}/shares"): {},
    ("POST", "/v1/keys"): {"name": "x"},
    ("POST", "/v1/webhook-endpoints"): {"url": "https://hooks.example/"},
    ("PATCH", "/v1/webhook-endpoints/{endpoint_id}"): {},
    ("POST", "/v1/webhook-deliveries/redeliver"): {"since": "2026-11-30T00:00:00Z"},
    ("POST", "/v1/uploads"): {"size_bytes": 1},
    ("PUT", "/v1/jobs/{job_id}/segments/{index}/correction"): {"emotion": "sad"},
    ("PUT", "/v1/jobs/{job_id}/speakers/{speaker}"): {"name": "x"},
}
TUS = {"Tus-Resumable": "1.0.0"}


HEADERS: dict[tuple[str, str], dict[str, str]] = {
    ("POST", "/v1/uploads/tus"): TUS | {"Upload-Length": "1"},
    ("HEAD", "/v1/uploads/tus/{upload_id}"): TUS,
    ("PATCH", "/v1/uploads/tus/{upload_id}"): TUS
    | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
    ("DELETE", "/v1/uploads/tus/{upload_id}"): TUS,
}


def routes(client: TestClient) -> Iterator[tuple[str, str]]:
    """Yield every method and path of the API document."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        yield from ((method.upper(), path) for method in methods)


def request_route(client: TestClient, method: str, path: str, secret: str | None, **ids: str) -> Response:
    filled = path.format(**(IDS | ids))
    headers = HEADERS.get((method, path), {}) | (bearer(secret) if secret else {})
    return client.request(method, filled, headers=headers, json=BODIES.get((method, path)))


def status_and_code(answer: Response) -> tuple[int, str | None]:
    """The status and the code of a response; HEAD responses have no code."""
    return answer.status_code, answer.json()["code"] if answer.request.method != "HEAD" else None


def refusal(method: str, status: int, code: str) -> tuple[int, str | None]:
    return status, code if method != "HEAD" else None
