"""The API's document as people and generated clients read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient


def answer_leaves(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Iterator[str]:
    """The places in an answer for which the documentation page would have to make a value up."""
    if "example" in schema or "examples" in schema:
        return
    if "$ref" in schema:
        title = schema["$ref"].rpartition("/")[2]
        yield from answer_leaves(schemas[title], schemas, title)
    for choice in schema.get("anyOf", []):
        yield from answer_leaves(choice, schemas, name)
    for field, value in schema.get("properties", {}).items():
        yield from answer_leaves(value, schemas, f"{name}.{field}")
    if "items" in schema:
        yield from answer_leaves(schema["items"], schemas, name)
    if schema.get("type") in ("string", "integer", "number") and not {"enum", "const", "default"} & set(schema):
        yield name


@pytest.fixture(scope="module")
def document(standing_client: TestClient) -> Any:
    return standing_client.get("/openapi.json").json()


def test_every_answer_has_an_example(document: dict[str, Any]) -> None:
    made_up = set()
    for path, method, status, media_type, schema in answers(document):
        assert schema, (path, method, status, media_type)
        if media_type.endswith("json"):
            made_up |= set(answer_leaves(schema, document["components"]["schemas"]))
    assert {leaf for leaf in made_up if not leaf.endswith(".next_cursor")} == set()


def answers(document: dict[str, Any]) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                for media_type, content in answer.get("content", {}).items():
                    yield path, method, status, media_type, content.get("schema") or content.get("itemSchema", {})


def test_every_operation_has_a_name_of_its_own_and_one_class_of_problems(document: dict[str, Any]) -> None:
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) > 60
    assert all(re.fullmatch("[a-z]+(_[a-z]+)+", name) for name in names), names  # a verb and what it is done to
    assert {"submit_job", "get_result", "list_jobs", "revoke_key"} <= set(names)
    problems = {
        str(schema)
        for _, _, status, media_type, schema in answers(document)
        if media_type == "application/problem+json"
    }
    assert problems == {"{'$ref': '#/components/schemas/Problem'}"}
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
