"""Changes of a job's state, and the statements that make them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.orm import Session

from shared.db import outbox
from shared.db.usage import measure
from shared.domain.job import Job, JobState


def record_transition(session: Session, old: Job, new: Job, now: datetime, due_at: Any) -> None:
    """Add the webhook deliveries and the usage that follow from a job's change, in the transaction of the change."""
    if old.state is JobState.PREPARING and new.state is not JobState.PREPARING:
        measure(session, new)
    outbox.announce(session, old, new, now, due_at)


def affected_rows(session: Session, statement: Any) -> int:
    """Execute an UPDATE past the session's objects, and return the number of rows that it changed."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount
