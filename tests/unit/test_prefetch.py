"""Results computed ahead come in order, a few at a time, with exceptions in their place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count, islice
from threading import Barrier

import pytest

from shared.services.prefetch import map_ahead
from tests.support.waiting import PATIENCE_S


def test_results_come_in_order() -> None:
    def later_is_quicker(number: int) -> int:
        time.sleep(0.002 * (10 - number % 10))
        return -number

    assert list(map_ahead(later_is_quicker, range(40))) == [-number for number in range(40)]


def test_several_results_are_computed_at_once() -> None:
    all_begun = Barrier(8, timeout=PATIENCE_S)
    assert sorted(map_ahead(lambda _: all_begun.wait(), range(8))) == list(range(8))


def test_results_that_nobody_takes_are_not_computed() -> None:
    begun = count()
    first_results = list(islice(map_ahead(lambda number: next(begun) and number, range(10_000)), 10))
    assert len(first_results) == 10
    assert next(begun) < 100


def test_an_error_is_raised_in_its_turn() -> None:
    def odd_one_out(number: int) -> int:
        if number == 3:
            raise LookupError
        return number

    results: Iterator[int] = map_ahead(odd_one_out, range(10))
    assert list(islice(results, 3)) == [0, 1, 2]
    with pytest.raises(LookupError):
        next(results)


def test_no_items_give_no_results() -> None:
    assert list(map_ahead(str, [])) == []
