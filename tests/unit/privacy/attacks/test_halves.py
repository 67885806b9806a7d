"""Halves by a secret key: the same for the same person, about even, and another for another key."""

from ctdc.privacy.attacks.halves import in_first_half

PEOPLE = [f"person {number}" for number in range(4000)]


def test_a_half_follows_from_who_somebody_is_and_the_key() -> None:
    one = in_first_half(PEOPLE, b"a" * 32)
    assert (one == in_first_half(PEOPLE, b"a" * 32)).all()
    assert in_first_half(PEOPLE[7:8], b"a" * 32)[0] == one[7]
    other = in_first_half(PEOPLE, b"b" * 32)
    assert 0.45 < (one == other).mean() < 0.55


def test_halves_are_about_even() -> None:
    assert 0.45 < in_first_half(PEOPLE, b"a" * 32).mean() < 0.55
