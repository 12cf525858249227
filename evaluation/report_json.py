"""The report for programs: `report.json`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from evaluation.run import Report, Source

_DECIMALS = 4


def document(report: Report) -> dict[str, Any]:
    """All of a report, floats rounded."""
    found = {
        "source": _source(report.source),
        "weights_in": weights_in(report),
        **{name: value for name, value in asdict(report).items() if name != "source"},
    }
    rounded: dict[str, Any] = _rounded(found)
    return rounded


def to_json(report: Report) -> str:
    return json.dumps(document(report), ensure_ascii=False, indent=2) + "\n"


def weights_in(report: Report) -> str:
    return "seconds" if report.timeline else "clips"


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.path.resolve().name,
        "labels": source.labels.name if source.labels else None,
        "map": dict(source.label_map),
        "only": {name: sorted(values) for name, values in source.only.items()},
    }


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, _DECIMALS)
        case dict():
            return {key: _rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
        case _:
            return value
