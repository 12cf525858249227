"""The curve of a recording as CSV (RFC 4180), to draw in a spreadsheet or to read with pandas."""

from __future__ import annotations

import csv
import io

from exports.csv import escape_formula
from shared.findings.curve import Curve
from shared.schemas.curve import CurveDocument
from shared.schemas.document import RoleOf


def to_curve_csv(curve: Curve, role_of: RoleOf) -> bytes:
    """Write a curve as CSV in UTF-8: a row for each point of each channel; without speech its values are empty."""
    document = CurveDocument.from_curve(curve, role_of)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    columns = ["speech_ms", "segments", "valence", "valence_error", "arousal", "arousal_error"]
    writer.writerow(["channel", "role", "time_ms", *columns, *(f"score_{label}" for label in curve.labels)])
    for channel in document.channels:
        values = [getattr(channel, name) for name in columns]
        for row in zip(document.time_ms, *values, *channel.scores.values(), strict=True):
            writer.writerow([channel.channel, channel.role and escape_formula(channel.role), *row])
    return buffer.getvalue().encode()
