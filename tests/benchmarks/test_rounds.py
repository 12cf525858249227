from __future__ import annotations

from functools import partial

from lab.benchmarks.rounds import in_turn


def test_every_part_runs_once_a_round_and_each_round_begins_with_another() -> None:
    ran: list[str] = []

    def turn(name: str) -> float:
        ran.append(name)
        return len(ran)

    steps: list[tuple[str, int, int | None]] = []
    values = in_turn({name: partial(turn, name) for name in "abc"}, 4, lambda *step: steps.append(step))
    assert ["".join(ran[at : at + 3]) for at in range(0, 12, 3)] == ["abc", "bca", "cab", "abc"]
    assert values["a"].tolist() == [1, 6, 8, 10]
    assert steps[-1] == ("c", 11, 12)
