"""The mutations are many, of all kinds, and the same in every run."""

from tests.support.media.encode import FORMATS
from tests.support.media.mutations import CHANGES, COUNT, mutant, original

SOME = range(0, COUNT, 23)


def test_every_format_is_broken_and_every_change_is_made_first() -> None:
    made = [mutant(index) for index in SOME]
    assert {one.format_name for one in made} == set(FORMATS)
    assert {one.changes[0] for one in made} == set(CHANGES)
    assert {len(one.changes) for one in made} == {1, 2, 3}


def test_no_two_are_alike_and_few_are_what_they_were() -> None:
    made = [mutant(index).data for index in SOME]
    assert len(set(made)) > 0.95 * len(made)
    originals = {original(name) for name in FORMATS}
    assert sum(data in originals for data in made) < 0.05 * len(made)


def test_the_same_bytes_for_the_same_number() -> None:
    assert [mutant(index) for index in SOME] == [mutant(index) for index in SOME]
