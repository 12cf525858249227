"""The mutations are many, of all kinds, and the same in every run."""

from tests.support.media.mutations import CHANGES, COUNT, NAMES, mutant, original

SOME = range(0, COUNT, 23)


def test_every_format_is_broken_and_every_change_is_made_first() -> None:
    mutants = [mutant(index) for index in SOME]
    assert {sample.format_name for sample in mutants} == set(NAMES)
    assert {sample.changes[0] for sample in mutants} == set(CHANGES)
    assert {len(sample.changes) for sample in mutants} == {1, 2, 3}


def test_mutants_differ_from_each_other_and_mostly_from_their_originals() -> None:
    mutants = [mutant(index).data for index in SOME]
    assert len(set(mutants)) > 0.95 * len(mutants)
    originals = {original(name) for name in NAMES}
    assert sum(data in originals for data in mutants) < 0.05 * len(mutants)


def test_the_same_bytes_for_the_same_number() -> None:
    assert [mutant(index) for index in SOME] == [mutant(index) for index in SOME]
