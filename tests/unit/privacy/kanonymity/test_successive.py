"""Subtracting one k-anonymous file from the next."""

import numpy as np

from ctdc.privacy.kanonymity.hierarchy import hierarchy
from ctdc.privacy.kanonymity.successive import Grown, grown


def rows(*groups: tuple[int, int]) -> np.ndarray:
    """So many records of each value."""
    return np.array([[value] for value, many in groups for _ in range(many)], dtype=np.int64)


def test_new_people_in_a_large_class_are_told_from_the_others_by_subtraction() -> None:
    before, after = rows((1, 20), (2, 15), (3, 11)), rows((1, 21), (2, 19), (3, 40), (4, 11))
    assert grown(before, after, 11) == Grown(classes=3, small=2, people=5, alone=1)


def test_a_class_that_is_in_one_file_only_tells_nothing() -> None:
    assert grown(rows((1, 11)), rows((2, 12)), 11) == Grown(0, 0, 0, 0)


def test_nobody_new_is_nobody_found() -> None:
    assert grown(rows((1, 30)), rows((1, 30)), 11) == Grown(0, 0, 0, 0)


def test_groups_are_what_coarse_values_stand_for() -> None:
    made = hierarchy(
        "year", ["2001", "2002", "2005", ""], [{"2001..2003": ["2001", "2002"]}, {"all": ["2001..2003", "2005"]}]
    )
    assert made.groups["2001..2003"] == ("2001", "2002")
    assert "*" not in made.groups
