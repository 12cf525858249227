from __future__ import annotations

from api.errors import STATUS
from shared.domain import errors

INTERNAL = {errors.EmolineError, errors.Outage, errors.InvalidTransition, errors.LeaseLost}
"""These stay between workers and the store, or stand for others."""


def test_every_error_that_a_client_can_meet_has_a_status_and_a_sentence() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.EmolineError)}
    assert set(STATUS) == kinds - INTERNAL
    assert all(kind().message.endswith(".") for kind in STATUS)
    assert len({kind.code for kind in STATUS}) == len(STATUS)
