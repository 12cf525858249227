"""The text and the links of a PDF document."""

from __future__ import annotations

import io
import re

from pypdf import PdfReader
from pypdf.generic import DictionaryObject


def pages(document: bytes) -> list[str]:
    """Return the text of each page, with plain spaces and without marks of direction."""
    text = (page.extract_text() for page in PdfReader(io.BytesIO(document)).pages)
    return [re.sub(r"\s+", " ", re.sub("[\u200b\u2066-\u2069]", "", page)) for page in text]


def links(document: bytes) -> list[str]:
    addresses: list[str] = []
    for page in PdfReader(io.BytesIO(document)).pages:
        for reference in page.get("/Annots", []):
            annotation = reference.get_object()
            assert isinstance(annotation, DictionaryObject)
            action = annotation["/A"]
            assert isinstance(action, DictionaryObject)
            addresses.append(str(action["/URI"]))
    return addresses
