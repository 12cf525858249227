"""The turns of segments, for `shared.db.work_queue`.

Each tenant gets an even share of a claim, in which its jobs of the highest priority come first (docs/adr/0043). Within
a priority segments are shared out by start-time fair queueing (docs/adr/0011): each job counts the samples analysed
for it, the job with the lowest count comes first, and a new job begins at the lowest count of the jobs under way. So a
recording of a day neither delays one of a minute nor is delayed by a stream of short ones.

A claim looks at the first jobs of each tenant, however many wait behind them.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import ClauseElement, Integer, Select, bindparam, case, func, literal, select, tuple_
from sqlalchemy.orm import Session, aliased

from shared.db.claim_queries import free, has_free_segments, has_key, tenants_with
from shared.db.table_base import UtcDateTime
from shared.db.tables import ANALYSABLE, PENDING, JobRow, SegmentRow
from shared.domain.options import PRIORITIES
from shared.domain.recording import SAMPLE_RATE

_MOST_SEGMENTS = 256
"""Segments of one claim; a batch of short segments is still minutes of audio."""

_MOST_JOBS = 256
"""Jobs that a claim looks at."""

_FIRST_JOBS = 64
"""Jobs that a claim looks at first, which is a quarter of the work."""

_USUAL_JOBS = 12
"""Jobs that a claim is shared among where these have enough segments. Segments of one job share objects, so that a
claim of few jobs needs few requests to the store; the others come first in the claims that follow."""

_ROWS_LOCKED_AT_ONCE = 64
"""Segments of a job that a claim reads together: it locks all of them, though it may take fewer."""

_USUAL_SEGMENT = 8 * SAMPLE_RATE

_CLAIMED = (
    SegmentRow.job_id,
    SegmentRow.index,
    SegmentRow.channel,
    SegmentRow.start,
    SegmentRow.end,
    SegmentRow.speech,
    SegmentRow.flags,
    SegmentRow.audio_key,
    SegmentRow.audio_start,
    SegmentRow.audio_end,
    SegmentRow.attempts,
    SegmentRow.fence,
)


def jobs_in_turn(now: Any) -> Select[Any]:
    """Select the jobs with free segments in turn: the first of each tenant, the second of each, and so on.

    Of a tenant's jobs those of the highest priority come first, of these the one that has had least. A row has the
    job's id, tenant, priority, `served`, its turn, and the indexes of its first and last free segments. The rows of a
    turn come together, but in no order. The parameter is `:number`, the most rows; no job behind these is looked at.
    """

    def job_of(tenant: Any, priority: Any, *after: Any) -> Any:
        ranked = (ANALYSABLE, JobRow.priority == priority, JobRow.tenant == tenant)
        jobs = select(JobRow.id).where(*ranked, *after, has_free_segments(now))
        return jobs.order_by(JobRow.served, JobRow.id).limit(1).scalar_subquery()

    def of_job(job_id: Any, column: Any) -> Any:
        named = aliased(JobRow)
        value = select(getattr(named, column.key)).where(named.id == job_id)
        return value.correlate_except(named).scalar_subquery()

    tenants, levels = tenants_with(ANALYSABLE), range(len(PRIORITIES) - 1, -1, -1)
    first_job = func.coalesce(*(job_of(tenants.c.tenant, level) for level in levels))
    firsts = select(tenants.c.tenant, first_job.label("id")).where(tenants.c.tenant.is_not(None))
    first = firsts.offset(0).subquery()  # an offset keeps the planner from searching each first job several times
    first_turn = select(first.c.tenant, literal(0).label("turn"), first.c.id).where(first.c.id.is_not(None))
    least_served = first_turn.order_by(of_job(first.c.id, JobRow.served), first.c.id).limit(_MOST_JOBS).subquery()
    turns = select(least_served).cte("turns", recursive=True)
    served, priority = (of_job(turns.c.id, column) for column in (JobRow.served, JobRow.priority))
    after = tuple_(JobRow.served, JobRow.id) > tuple_(served, turns.c.id)
    lower = (case((priority > level, job_of(turns.c.tenant, level))) for level in levels[1:])
    next_job = func.coalesce(job_of(turns.c.tenant, priority, after), *lower)
    following = select(turns.c.tenant, turns.c.turn + 1, next_job)
    turns = turns.union_all(following.where(turns.c.id.is_not(None)))
    waiting = PENDING & free(SegmentRow.lease_until, now)
    ends = (
        select(end(SegmentRow.index)).where(SegmentRow.job_id == turns.c.id, waiting).scalar_subquery().label(name)
        for name, end in (("first", func.min), ("last", func.max))
    )
    values = (of_job(turns.c.id, column).label(column.key) for column in (JobRow.priority, JobRow.served))
    columns = (turns.c.id, turns.c.tenant, turns.c.turn, *values)
    return select(*columns, *ends).where(turns.c.id.is_not(None)).limit(bindparam("number", type_=Integer))


class SegmentTurns:
    """Shares segments out. The statement is built once: to build it takes longer than to execute it."""

    def __init__(self, now: Callable[[], Any]) -> None:
        self._now = now
        present = now()
        # On a server the present time is an expression, elsewhere a value that changes.
        is_expression = isinstance(present, ClauseElement)
        self._jobs_in_turn = jobs_in_turn(present if is_expression else bindparam("now", type_=UtcDateTime))

    def share_out(self, session: Session, budget: int) -> list[Any]:
        """Lock and return up to `budget` samples of free segments, at least one segment, as rows of their columns."""
        now = self._now()
        shares = _Shares(session, now, budget)
        wanted = min(budget // _USUAL_SEGMENT + 1, _MOST_SEGMENTS)
        for number in (_FIRST_JOBS, _MOST_JOBS):
            rows = session.execute(self._jobs_in_turn, {"number": number, "now": now})
            jobs = sorted(rows, key=lambda row: (row.turn, row.served, row.id))
            few = _fewest_jobs(jobs, wanted)
            if len(few) == number < _MOST_JOBS:
                continue  # these have too few segments, or there may be more tenants, and each has its share
            shares.share_among(few)
            shares.share_among(jobs)
            if shares.full or len(jobs) < number:
                break
        return shares.chosen


def _fewest_jobs(jobs: Sequence[Any], wanted: int) -> Sequence[Any]:
    """Return the first jobs that have `wanted` segments, at least the usual number, and whole turns of the tenants."""
    segments, usual = 0, min(wanted, _USUAL_JOBS)
    for place, job in enumerate(jobs):
        if place >= usual and segments >= wanted and job.turn > jobs[place - 1].turn:
            return jobs[:place]
        segments += job.last - job.first + 1  # free segments usually follow each other
    return jobs


@dataclass(slots=True, eq=False)
class _Job:
    """A job with free segments: those that are locked but not taken yet, and the rest from `unread` to `last`."""

    id: str
    unread: int
    last: int
    even_share: int = 0
    missed: bool = False
    locked: deque[Any] = field(default_factory=deque)

    @property
    def has_more(self) -> bool:
        return bool(self.locked) or self.unread <= self.last

    @property
    def at_once(self) -> int:
        """The segments to lock together: the usual number in the even share."""
        return max(1, min(round(self.even_share / _USUAL_SEGMENT), _ROWS_LOCKED_AT_ONCE))


def _foremost(by_priority: Mapping[int, list[_Job]]) -> list[_Job]:
    """Return the jobs of the highest priority that have segments left."""
    left = ([job for job in by_priority[priority] if job.has_more] for priority in sorted(by_priority, reverse=True))
    return next(filter(None, left), [])


class _Shares:
    """A budget that is shared out among jobs."""

    def __init__(self, session: Session, now: Any, budget: int) -> None:
        self.chosen: list[Any] = []
        self._session = session
        self._now = now
        self._budget_left = budget
        self._jobs: dict[str, _Job] = {}
        self._had: Counter[str] = Counter()
        self._in_line: deque[_Job] = deque()

    @property
    def full(self) -> bool:
        """Whether the budget is used up, or the number of segments."""
        return len(self.chosen) >= _MOST_SEGMENTS or (self._budget_left <= 0 and bool(self.chosen))

    @property
    def _left_to_share(self) -> int:
        """The rest of the budget, or what the rest of the segments usually has, where that is less."""
        return min(self._budget_left, (_MOST_SEGMENTS - len(self.chosen)) * _USUAL_SEGMENT)

    def share_among(self, rows: Sequence[Any]) -> None:
        """Take segments of jobs, rows of `jobs_in_turn` in order, until the budget or the segments are used up.

        A tenant's jobs of lower priority get what those of higher priority leave of its share.
        """
        tenants: dict[str, dict[int, list[_Job]]] = {}
        for row in rows:
            job = self._jobs.setdefault(row.id, _Job(row.id, row.first, row.last))
            tenants.setdefault(row.tenant, {}).setdefault(row.priority, []).append(job)
        while not self.full:
            foremost = {tenant: jobs for tenant in tenants if (jobs := _foremost(tenants[tenant]))}
            if not foremost:
                return
            self._expect(list(foremost.values()))
            in_turn = sorted(foremost, key=lambda tenant: self._had[tenant])
            for index, tenant in enumerate(in_turn):
                # Those that have had less are brought up to the others first.
                had = sum(self._had[other] for other in in_turn[index:])
                share = (self._left_to_share + had) // (len(in_turn) - index) - self._had[tenant]
                if share > 0 or tenant == in_turn[-1]:
                    self._had[tenant] += self._take_of_tenant(foremost[tenant], share)

    def _expect(self, tenants: Sequence[list[_Job]]) -> None:
        """Set the even share of each job, and put the jobs in line for their locks."""
        for jobs in tenants:
            for job in jobs:
                job.even_share = self._left_to_share // len(tenants) // len(jobs)
        in_turn = chain.from_iterable(zip_longest(*tenants))
        self._in_line = deque(job for job in in_turn if job and not job.locked)

    def _take_of_tenant(self, jobs: list[_Job], share: int) -> int:
        """Take about `share` samples of these jobs, at least a segment, and return the samples."""
        taken = 0
        for index, job in enumerate(jobs):
            if self.full or (taken >= share and index):
                break
            taken += self._take_of_job(job, (share - taken) // (len(jobs) - index))
        return taken

    def _take_of_job(self, job: _Job, share: int) -> int:
        """Take the next segments that fit into `share`, and the first one whenever it fits into the budget.

        `share` is the job's even share and the remains of other jobs' shares. A segment that only fits into the remains
        is not worth a query: the next pass locks such segments of all jobs together.
        """
        taken = 0
        while job.locked or not taken or job.even_share - taken >= _USUAL_SEGMENT:
            if not job.locked:
                self._lock_segments(job)
            if not job.locked or self.full:
                break
            samples = job.locked[0].end - job.locked[0].start
            if self.chosen and samples > self._budget_left:
                self._budget_left = 0  # a search for a shorter one would be a query for each job, and out of turn
                break
            if taken and samples > share - taken:
                break
            self.chosen.append(job.locked.popleft())
            self._budget_left -= samples
            taken += samples
        return taken

    def _lock_segments(self, job: _Job) -> None:
        """Lock the next free segments of a job, those of other jobs with them, so that few queries serve many jobs."""
        while not job.locked and job in self._in_line:
            self._lock_in_line()
        while not job.locked and job.unread <= job.last:
            query = self._free().where(SegmentRow.job_id == job.id, SegmentRow.index >= job.unread)
            rows = self._session.execute(query.order_by(SegmentRow.index).limit(job.at_once)).all()
            job.locked.extend(rows)
            job.unread = rows[-1][1] + 1 if rows else job.last + 1

    def _lock_in_line(self) -> None:
        """Lock the next segments of the next jobs in line, about as many as the rest of the claim has room for."""
        room = min(self._budget_left // _USUAL_SEGMENT, _MOST_SEGMENTS - len(self.chosen))
        keys: list[tuple[str, int]] = []
        jobs: list[_Job] = []
        while self._in_line and (len(keys) < room or not keys):
            job = self._in_line.popleft()
            # Free segments usually follow each other.
            indexes = range(job.unread, min(job.unread + job.at_once, job.last + 1))
            keys += [(job.id, index) for index in indexes]
            job.unread = indexes.stop
            jobs.append(job)
        query = self._free().where(has_key(self._session, keys)).order_by(SegmentRow.index)
        for row in self._session.execute(query):
            self._jobs[row.job_id].locked.append(row)
        # Another claim that began a moment before has taken the same segments of the same jobs: those behind are free.
        overtaken = [job for job in jobs if not job.locked and not job.missed and job.unread <= job.last]
        for job in overtaken:
            job.missed = True
        self._in_line.extendleft(reversed(overtaken))

    def _free(self) -> Any:
        """Select free segments and lock them, except those that others have locked."""
        free_now = free(SegmentRow.lease_until, self._now)
        return select(*_CLAIMED).where(PENDING, free_now).with_for_update(skip_locked=True)
