"""The client's types are those of the API document, and read what a newer service adds."""

from __future__ import annotations

from emoline.models import AudioDocument, ErrorDocument, TransitionDocument
from lab.api_document import api_document
from lab.client_models import FILE, generate


def test_the_models_are_generated_from_the_present_document() -> None:
    assert FILE.read_text(encoding="utf-8") == generate(api_document()), "`make client` writes them anew"


def test_fields_and_values_that_the_client_does_not_know_are_read() -> None:
    error = ErrorDocument.model_validate({"code": "eaten_by_a_dog", "message": "Gone.", "retryable": False, "dog": 1})
    assert error.code == "eaten_by_a_dog"
    assert {"dog"} & set(error.model_dump()) == set()
    fields = dict.fromkeys(AudioDocument.model_fields) | {"filename": "call.mp3", "warnings": ["windy", "truncated"]}
    assert AudioDocument.model_validate(fields).warnings == ["windy", "truncated"]


def test_transitions_are_read_as_the_service_and_as_the_client_write_them() -> None:
    place = {"channel": 0, "role": None}
    transition = TransitionDocument.model_validate(place | {"from": "sad", "to": "happy", "count": 2})
    assert transition.model_dump() == place | {"source": "sad", "target": "happy", "count": 2}
    assert TransitionDocument.model_validate(transition.model_dump()) == transition
