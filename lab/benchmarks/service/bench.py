"""The benchmark of the service: what is to be measured, and one run of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.benchmarks.machine import Machine
from lab.benchmarks.rounds import OnStep
from lab.benchmarks.service.backlog import ClaimCost, claim_costs
from lab.benchmarks.service.overhead import overheads
from lab.benchmarks.service.rates import rates
from lab.benchmarks.service.report import Report
from lab.benchmarks.service.scaling import scaling
from lab.benchmarks.service.stack import stack
from lab.benchmarks.service.uploads import uploads


@dataclass(frozen=True, slots=True)
class Plan:
    """Each stream of requests lasts `seconds`; `jobs` short ones are analysed by one and by two workers; `recordings`
    of a minute go through the service and past it; `backlog` jobs wait; `uploads` of `upload_bytes` come at once."""

    rounds: int = 3
    seconds: float = 20.0
    jobs: int = 500
    recordings: int = 30
    backlog: int = 10_000
    upload_bytes: int = 10 << 30
    uploads: int = 3


def measure(plan: Plan, on_step: OnStep) -> Report:
    return Report(
        machine=Machine.here(),
        rounds=plan.rounds,
        situations=rates(plan.seconds, on_step),
        scaling=scaling(plan.jobs, plan.rounds, on_step),
        overheads=overheads(plan.recordings, plan.rounds, on_step),
        claims=_claims(plan.backlog, on_step),
        uploads=uploads(plan.upload_bytes, plan.uploads, on_step),
    )


def _claims(backlog: int, on_step: OnStep) -> list[ClaimCost]:
    with stack() as servers, TemporaryDirectory(prefix="emoline-bench-") as folder:
        return claim_costs(servers.environment["EMOLINE_DATABASE_URL"], Path(folder), backlog, on_step)
