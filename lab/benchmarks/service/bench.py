"""The service benchmark: its plan, and one run of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.benchmarks.claims import Backlog, ClaimsPlan, claim_costs
from lab.benchmarks.machine import Machine
from lab.benchmarks.rounds import OnStep
from lab.benchmarks.service.overhead import measure_overheads
from lab.benchmarks.service.rates import measure_rates
from lab.benchmarks.service.report import ServiceReport
from lab.benchmarks.service.scaling import measure_scaling
from lab.benchmarks.service.stack import run_stack
from lab.benchmarks.service.uploads import measure_uploads


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """The parameters of a run.

    Each stream of requests lasts `seconds`; one and two workers analyse `jobs` short jobs; the service and `analyze`
    process `recordings` of a minute; `backlog` jobs wait; `uploads` of `upload_bytes` are sent at the same time.
    """

    rounds: int = 3
    seconds: float = 20.0
    jobs: int = 500
    recordings: int = 30
    backlog: int = 10_000
    upload_bytes: int = 10 << 30
    uploads: int = 3


def measure(plan: ServicePlan, on_step: OnStep) -> ServiceReport:
    """Run the benchmark."""
    situations = measure_rates(plan.seconds, on_step)
    scaling = measure_scaling(plan.jobs, plan.rounds, on_step)
    overheads = measure_overheads(plan.recordings, plan.rounds, on_step)
    with run_stack() as stack, TemporaryDirectory(prefix="emoline-bench-") as folder:
        claims_plan = ClaimsPlan([Backlog(plan.backlog, 1)])
        claims = claim_costs(stack.environment["EMOLINE_DATABASE_URL"], Path(folder), claims_plan, on_step)
    uploads = measure_uploads(plan.upload_bytes, plan.uploads, on_step)
    return ServiceReport(Machine.current(), plan.rounds, situations, scaling, overheads, claims, uploads)
