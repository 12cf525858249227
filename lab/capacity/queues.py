"""The two kinds of queue in the service, simulated event by event.

Written here instead of with a simulator of processes such as simpy: a day of a million audio hours has millions of
events, and these two queues are a few lines each.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace

import numpy as np

from lab.capacity.arrivals import Floats


def first_come_first_served(arrivals: Floats, service_s: Floats, servers: int) -> Floats:
    """Return when each job [n] begins, in seconds; a server takes one job at a time, in the order of their arrival."""
    free_at = [0.0] * servers
    heapify(free_at)
    starts = []
    for arrival, service in zip(arrivals.tolist(), service_s.tolist(), strict=True):
        start = max(arrival, free_at[0])
        heapreplace(free_at, start + service)
        starts.append(start)
    return np.array(starts)


def shared_evenly(
    arrivals: Floats, work: Floats, probes: Floats, probe_work: float, capacity: float
) -> tuple[Floats, Floats]:
    """Return when each job [n] and each probe [m] is done, where those under way share the capacity evenly.

    Work is in units, capacity in units per second. Jobs and probes need not be in order. A probe is a first part of a
    job with `probe_work` units, which takes its turn like a job but uses no capacity of its own.

    The simulation keeps the work that each job under way has had since the beginning, the same for all of them: a job
    is done once that has grown by the job's work. So an event costs the logarithm of the number of jobs.
    """
    number = len(arrivals)
    events = np.concatenate([arrivals, probes])
    order = np.argsort(events, kind="stable")
    done = np.full(len(events), np.inf)
    under_way: list[tuple[float, int]] = []
    waiting_probes: list[tuple[float, int]] = []
    works, each_had, present = work.tolist(), 0.0, 0.0

    def advance(until: float) -> None:
        """Complete what is done by `until`."""
        nonlocal each_had, present
        while under_way:
            speed = capacity / len(under_way)
            queue = waiting_probes if waiting_probes and waiting_probes[0] < under_way[0] else under_way
            target, index = queue[0]
            at = present + max(0.0, target - each_had) / speed
            if at > until:
                each_had += (until - present) * speed
                break
            heappop(queue)
            done[index] = present = at
            each_had = max(each_had, target)
        present = max(present, until) if until < np.inf else present
        while waiting_probes and not under_way:
            target, index = heappop(waiting_probes)
            done[index] = present + max(0.0, target - each_had) / capacity

    for index, time in zip(order.tolist(), events[order].tolist(), strict=True):
        advance(time)
        if index < number:
            heappush(under_way, (each_had + works[index], index))
        elif under_way:
            heappush(waiting_probes, (each_had + probe_work, index))
        else:
            done[index] = time + probe_work / capacity
    advance(np.inf)
    return done[:number], done[number:]
