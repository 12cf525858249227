"""Which models the workers run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.db.rows import model_of, model_value
from shared.db.sessions import Sessions
from shared.db.tables import ModelRow
from shared.domain.emotion import ModelInfo, RunModel
from shared.ports import Clock

_TELL_EVERY = timedelta(minutes=1)
"""How old it may be that a model is known to be run."""


class SqlModelRegistry:
    """`shared.ports.ModelRegistry`."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._write = Sessions(engine)
        self._read = Sessions.reading(engine)
        self._clock = clock
        self._told: dict[ModelInfo, datetime] = {}

    def runs(self, model: ModelInfo) -> None:
        now = self._clock.now()
        told = self._told.get(model)
        if told is None or now - told >= _TELL_EVERY:
            # Two workers that begin at once add it both: then it is there.
            with suppress(IntegrityError), self._write.begin() as session:
                _write(session, model, now)
            self._told[model] = now

    def all(self) -> Sequence[RunModel]:
        query = select(ModelRow).order_by(ModelRow.last_run_at.desc(), ModelRow.sha256)
        with self._read() as session:
            return [RunModel(model_of(row.model), row.first_run_at, row.last_run_at) for row in session.scalars(query)]


def _write(session: Session, model: ModelInfo, now: datetime) -> None:
    row = session.get(ModelRow, (model.sha256, model.precision))
    if row is None:
        row = ModelRow(sha256=model.sha256, precision=model.precision, first_run_at=now)
        session.add(row)
    row.model, row.last_run_at = model_value(model), now
