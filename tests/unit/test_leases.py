from __future__ import annotations

import time
from threading import Event

from shared.domain.errors import DatabaseUnavailable
from tests.support.waiting import PATIENCE_S
from worker.stages.hold_lease import hold_lease

LEASE_S = 12.0


def test_a_renewal_that_failed_is_tried_again_long_before_its_turn() -> None:
    times = []
    retried = Event()

    def renew() -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            raise DatabaseUnavailable
        retried.set()

    with hold_lease(renew, LEASE_S) as lease:
        assert retried.wait(PATIENCE_S)
        lease.check()
    assert times[1] - times[0] < LEASE_S / 3  # the pause between renewals
