"""Parts that are never more than their wholes, and what shares are computed with."""

from hypothesis import given
from hypothesis import strategies as st

from ctdc.privacy.linear import event
from ctdc.release.intervals import Interval
from ctdc.release.wholes import answered, not_above, wholes_of

margins = st.floats(0, 50)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    value = draw(st.floats(-20, 200))
    return Interval(value, value - draw(margins), value + draw(margins))


def test_people_are_a_part_of_all_who_have_less_of_their_codes() -> None:
    one = event({0: {1}, 2: {3, 4}})
    assert set(wholes_of(one)) == {event({}), event({0: {1}}), event({2: {3, 4}})}
    assert list(wholes_of(event({}))) == []


@given(part=intervals(), whole=intervals())
def test_a_part_is_at_most_its_whole_and_inside_its_interval(part: Interval, whole: Interval) -> None:
    found = not_above(part, whole)
    assert found == part or part.value > whole.value == found.value
    assert found.low <= found.value <= found.high
    assert found.low <= part.low


def test_the_upper_end_is_that_of_what_was_measured_more_surely() -> None:
    part, sure, unsure = Interval(100, 80, 120), Interval(90, 85, 95), Interval(90, 50, 130)
    assert not_above(part, sure) == Interval(90, 80, 95)
    assert not_above(part, unsure) == Interval(90, 50, 120)


@given(known=intervals(), shown=st.floats(0, 200), people=intervals())
def test_those_with_an_answer_are_between_the_answers_and_all(known: Interval, shown: float, people: Interval) -> None:
    number, of = answered(known, shown, people)
    assert number.value == min(people.value, max(known.value, shown))
    assert number.low <= number.value <= number.high
    assert of == max(number.value, shown)
    assert number.low <= known.low


def test_what_agrees_stays_as_it_is() -> None:
    known = Interval(80, 60, 100)
    assert answered(known, 70, Interval(120, 110, 130)) == (known, 80)
