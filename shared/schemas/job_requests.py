"""JSON bodies that submit jobs of recordings elsewhere, one or many, and their schemas in the API document."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, WithJsonSchema, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from shared.domain.options import JobOptions
from shared.schemas.fields import Url

_MAX_JOBS = 1_000
_KEYS = (
    "type",
    "description",
    "minItems",
    "maxItems",
    "required",
    "properties",
    "items",
    "additionalProperties",
    "example",
)
"""Keys in the order of the API document; keys besides these follow."""

_EXAMPLE: dict[str, Any] = {
    "source": {"url": "https://calls.example/monday.mp3"},
    "channels": "split",
    "roles": ["agent", "customer"],
}


class _RequestSchema(GenerateJsonSchema):
    """Generates schemas without titles and defaults."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        model = super().model_schema(schema)
        return {key: value for key, value in model.items() if key != "title"}

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        """Order the keys at every level, but those of `properties`, which stay as they are declared."""
        if not isinstance(value, dict):
            return value
        names = list(value)
        if parent_key != "properties":
            names.sort(key=lambda name: _KEYS.index(name) if name in _KEYS else len(_KEYS))
        return {name: self.sort(value[name], name) for name in names}


class Source(BaseModel):
    """A recording's place: a URL, to be downloaded, or an upload in parts or over tus."""

    model_config = ConfigDict(extra="forbid")

    # JSON Schema cannot know the checks of the validators.
    url: Annotated[
        Url | None,
        WithJsonSchema({"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": 2000}),
    ] = None
    upload_id: Annotated[
        str | None,
        Field(max_length=100),
        WithJsonSchema({"type": "string", "pattern": "^upl_[0-9a-f-]{36}$"}),
    ] = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.url is None) == (self.upload_id is None):
            raise ValueError("it must have either `url` or `upload_id`")
        return self

    @classmethod
    def schema_of_either(cls) -> dict[str, Any]:
        """Return the schema of an object with exactly one of the fields, which two optional fields do not express."""
        fields = cls.model_json_schema(schema_generator=_RequestSchema)["properties"]
        return {
            "oneOf": [
                {"type": "object", "required": [name], "properties": {name: field}, "additionalProperties": False}
                for name, field in fields.items()
            ]
        }


class JobRequest(BaseModel):
    """A recording that lies elsewhere; its config stands beside `source`."""

    # The config is checked as that of an uploaded recording is, so the model takes it as it comes.
    model_config = ConfigDict(extra="allow", json_schema_extra={"example": _EXAMPLE})

    source: Annotated[Source, WithJsonSchema(Source.schema_of_either())]
    filename: str = Field(default="", max_length=1_000)


class BatchRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"jobs": [{"source": _EXAMPLE["source"]}], "defaults": {"channels": "split"}},
        },
    )

    # Each job is checked by itself: a wrong one is an error in the answer and keeps nothing from the others.
    jobs: list[
        Annotated[
            dict[str, Any],
            WithJsonSchema(
                {"type": "object", "description": "As the JSON body of `POST /v1/jobs`. A wrong one is an error."}
            ),
        ]
    ] = Field(min_length=1, max_length=_MAX_JOBS, fail_fast=True)
    # Checked as a config once, by itself.
    defaults: Annotated[
        dict[str, Any], WithJsonSchema({"description": "Config of each job that does not say otherwise."})
    ] = {}


def job_request_schema() -> dict[str, Any]:
    """Return the schema of the body of one job for the API document."""
    schema = JobRequest.model_json_schema(schema_generator=_RequestSchema)
    schema["properties"] |= _config_schema()["properties"]
    return schema | {"additionalProperties": False}


def batch_request_schema() -> dict[str, Any]:
    """Return the schema of the body of a batch for the API document."""
    schema = BatchRequest.model_json_schema(schema_generator=_RequestSchema)
    schema["properties"]["defaults"] = _config_schema() | schema["properties"]["defaults"]
    return schema


def _config_schema() -> dict[str, Any]:
    schema = TypeAdapter(JobOptions).json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs")  # the documents of jobs refer to them too, so they are among the API document's components
    return schema
