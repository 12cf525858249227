"""The report for programs: `report.json`. Its keys are the fields of EvaluationReport and of its parts."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from evaluation.run import EvaluationReport

_DECIMALS = 4


def to_document(report: EvaluationReport) -> dict[str, Any]:
    """Return all of a report as JSON values, floats rounded to four decimals."""
    source = report.source
    fields = {
        "source": {
            "name": source.path.resolve().name,
            "labels": source.labels.name if source.labels else None,
            "map": dict(source.label_map),
            "only": {name: sorted(values) for name, values in source.only.items()},
            **({} if source.emotions is None else {"emotions": source.emotions}),
            **({"rttm": source.rttm.name} if source.rttm else {}),
        },
        "weights_in": weight_unit(report),
        **{
            name: value
            for name, value in asdict(replace(report, answers=())).items()
            if name not in ("source", "answers")
        },
    }
    if report.measured.calibrated is None:
        del fields["measured"]["calibrated"]
    if report.speakers is None:
        del fields["speakers"]
    document: dict[str, Any] = _rounded(fields)
    return document


def to_json(report: EvaluationReport) -> str:
    """Return the text of `report.json`."""
    return json.dumps(to_document(report), ensure_ascii=False, indent=2) + "\n"


def weight_unit(report: EvaluationReport) -> str:
    """Return the unit of all weights in a report: `seconds` or `clips`."""
    return "seconds" if report.timeline else "clips"


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
