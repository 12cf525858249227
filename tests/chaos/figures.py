"""The cost of a storm, from the records of the database, the store and the workers' logs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from tests.chaos import witness
from tests.chaos.cluster import Cluster


def resumed_after(cluster: Cluster) -> list[float]:
    """Seconds from the death of a worker that may have held it to when each segment was claimed again."""
    delays = []
    for claims in witness.claimed(cluster.engine):
        for before, after in pairwise(claims):
            delays += [after - killed for killed in cluster.killed if before < killed < after][:1]
    return sorted(delays)


@dataclass(frozen=True)
class Work:
    """The number of claims of segments, and their outcomes."""

    segments: int
    claims: int
    given_back: int
    stored: int
    """The number of times that a segment's scores were stored."""

    @classmethod
    def of(cls, cluster: Cluster) -> Work:
        claims = witness.claimed(cluster.engine)
        logits_names = [path.rpartition("/")[2] for path in cluster.store.put_paths if "/frames/" in path]
        stored = sum(int(name.split("-")[1]) for name in logits_names)  # the number of segments in the object
        return cls(len(claims), sum(map(len, claims)), witness.given_back(cluster.engine), stored)

    @property
    def lost(self) -> int:
        """Claims that ended with their worker."""
        return self.claims - self.given_back - self.segments

    @property
    def extra(self) -> float:
        """The share of the segments that was analysed once more than needed, at most."""
        return (self.lost + self.stored - self.segments) / self.segments


def figures(cluster: Cluster, jobs: Collection[str]) -> dict[str, object]:
    """Return the figures by their titles; `jobs` are the ids of all jobs."""
    work, resumed = Work.of(cluster), resumed_after(cluster)
    return {
        "jobs": len(jobs),
        "segments": work.segments,
        "processes killed; started again": f"{cluster.kills}; {cluster.processes.restarts}",
        "claims lost with their workers": work.lost,
        "claims given back in outages": work.given_back,
        "answers of the model stored again": work.stored - work.segments,
        "extra executions, at most": f"{work.extra:.1%}",
        "outcomes refused as duplicates": cluster.refused(),
        "segments resumed after a kill": len(resumed),
        "seconds until then, median and most": f"{median(resumed):.1f}, {resumed[-1]:.1f}",
        "recordings stored without a job": len(cluster.stored_keys().keys() - jobs),
    }
