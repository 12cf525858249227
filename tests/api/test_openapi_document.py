"""The API's document as people and generated clients read it."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient


def test_every_operation_has_a_name_of_its_own_and_one_class_of_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) > 60
    assert all(re.fullmatch("[a-z]+(_[a-z]+)+", name) for name in names), names  # a verb and what it is done to
    assert {"submit_job", "get_result", "list_jobs", "revoke_key"} <= set(names)
    problems = {
        str(content["schema"])
        for operation in operations
        for answer in operation["responses"].values()
        for media_type, content in answer.get("content", {}).items()
        if media_type == "application/problem+json"
    }
    assert problems == {"{'$ref': '#/components/schemas/Problem'}"}
    assert "Problem" in document["components"]["schemas"]
