"""The API's document as people and generated clients read it."""

from __future__ import annotations

from fastapi.testclient import TestClient

from api.operations import OPERATIONS


def test_every_operation_has_a_name_of_its_own_and_one_class_of_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {place: operation["operationId"] for place, operation in operations.items()} == OPERATIONS
    assert len(set(OPERATIONS.values())) == len(OPERATIONS)
    problems = {
        str(content["schema"])
        for operation in operations.values()
        for answer in operation["responses"].values()
        for media_type, content in answer.get("content", {}).items()
        if media_type == "application/problem+json"
    }
    assert problems == {"{'$ref': '#/components/schemas/Problem'}"}
    assert "Problem" in document["components"]["schemas"]
