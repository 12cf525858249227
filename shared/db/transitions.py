"""Consequences of a change of a job's state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from shared.db import outbox
from shared.db.facts import store_facts
from shared.db.usage import record_usage
from shared.domain.job import Job, JobState


def record_transition(session: Session, old: Job, new: Job, now: datetime, due_at: Any) -> None:
    """Add the facts, the webhook deliveries and the usage that follow from a job's change, in its transaction."""
    if new.state.terminal and old.state is not new.state:
        store_facts(session, new)
    if old.state is JobState.PREPARING and new.state is not JobState.PREPARING:
        record_usage(session, new)
    outbox.announce(session, old, new, now, due_at)
