"""The models that workers run, in a database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from shared.db.rows import model_from_json, model_to_json
from shared.db.sessions import Sessions
from shared.db.tables import ModelRow
from shared.domain.emotion import ModelInfo, RunModel
from shared.ports import Clock

_RECORD_EVERY = timedelta(minutes=1)
"""The precision of `last_run_at`."""


class SqlModelRegistry:
    """`shared.ports.ModelRegistry`."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._write = Sessions(engine)
        self._read = Sessions.read_only(engine)
        self._clock = clock
        self._recorded_at: dict[ModelInfo, datetime] = {}

    def record_run(self, model: ModelInfo) -> None:
        now = self._clock.now()
        recorded_at = self._recorded_at.get(model)
        if recorded_at is None or now - recorded_at >= _RECORD_EVERY:
            # Two workers that begin at once both add the row, and one fails.
            with suppress(IntegrityError), self._write.begin() as session:
                row = session.get(ModelRow, (model.sha256, model.precision))
                if row is None:
                    row = ModelRow(sha256=model.sha256, precision=model.precision, first_run_at=now)
                    session.add(row)
                row.model, row.last_run_at = model_to_json(model), now
            self._recorded_at[model] = now

    def all(self) -> Sequence[RunModel]:
        query = select(ModelRow).order_by(ModelRow.last_run_at.desc(), ModelRow.sha256)
        with self._read() as session:
            return [
                RunModel(model_from_json(row.model), row.first_run_at, row.last_run_at)
                for row in session.scalars(query)
            ]
