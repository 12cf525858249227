from __future__ import annotations

from typing import Any

import pytest

from shared.domain.options import JobOptions


@pytest.mark.parametrize(
    "chosen",
    [
        {"roles": ("agent",)},
        {"roles": ("a", "b" * 64)},
        {"channels": "mix", "roles": ("agent", "customer")},
        {"analyse": (0, 1)},
        {"channels": "split", "roles": ("agent", "Kundin 1"), "analyse": ("Kundin 1", 1)},
        {"track": "each", "roles": ("a", "b", "c"), "analyse": ("c", 15)},
    ],
)
def test_roles_and_channels_are_taken(chosen: dict[str, Any]) -> None:
    options = JobOptions(**chosen)
    assert {name: getattr(options, name) for name in chosen} == chosen


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"roles": ("a", "b", "c")}, "at most 2 different names"),
        ({"roles": ("agent", "agent")}, "at most 2 different names"),
        ({"roles": ("agent", "")}, "1 to 64 printable characters"),
        ({"roles": (" ",)}, "1 to 64 printable characters"),
        ({"roles": ("a" * 65,)}, "1 to 64 printable characters"),
        ({"roles": ("agent\n",)}, "1 to 64 printable characters"),
        ({"channels": "mix", "analyse": (0,)}, "use split or auto"),
        ({"analyse": ()}, "leave it out to analyse all"),
        ({"analyse": (2,)}, "from 0 to 1"),
        ({"analyse": (-1,)}, "from 0 to 1"),
        ({"roles": ("agent",), "analyse": ("customer",)}, "one of roles"),
        ({"roles": ("agent",), "analyse": ("1",)}, "one of roles"),
        ({"track": "each", "analyse": (16,)}, "from 0 to 15"),
        ({"track": 64}, "from 0 to 63"),
        ({"track": "all"}, "or each"),
    ],
)
def test_roles_and_channels_that_mean_nothing_are_refused(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        JobOptions(**chosen)
