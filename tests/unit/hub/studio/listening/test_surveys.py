"""A survey from its beginning in the studio to its totals, with the public side between."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from ctdc.foundation.clock import now
from ctdc.hub.feedback.survey import MOST_QUESTIONS, add_answers, read_survey, survey_from_dict
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.listening.models import SurveyRound
from ctdc.hub.studio.listening.surveys import acts, bank
from ctdc.hub.studio.listening.surveys.forms import OWN, SurveyForm
from ctdc.hub.studio.listening.surveys.results import results
from ctdc.hub.studio.listening.withheld import rounded, shown
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Denied
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def today() -> date:
    return now().date()


def begun(person: Person, days: int = 30) -> SurveyRound:
    return acts.begin(person, today(), today() + timedelta(days=days), tuple(map(bank.ready, bank.READY)))


def test_what_is_begun_here_is_asked_by_the_public_side(everybody: dict[str, Person], own_place: Path) -> None:
    found = begun(everybody["editor"])
    survey = read_survey(own_place / "feedback")
    assert survey is not None
    assert survey == survey_from_dict(found.asked)
    assert survey.is_open(today())
    assert [one.id for one in survey.questions] == list(bank.READY)
    assert (own_place / "feedback" / "survey" / "survey.json").stat().st_mode & 0o077 == 0


def test_the_bank_never_asks_more_than_a_survey_can(everybody: dict[str, Person]) -> None:
    assert len(bank.READY) + len(OWN) - 1 <= MOST_QUESTIONS
    for name in bank.READY:
        assert {len(set(one.words.values())) for one in bank.ready(name).options} <= {1, 2, 3, 4, 5}


def test_one_survey_at_a_time(everybody: dict[str, Person], own_place: Path) -> None:
    first = begun(everybody["editor"])
    with pytest.raises(ValidationError, match="already"):
        begun(everybody["editor"])
    acts.end(everybody["steward"], first)
    assert read_survey(own_place / "feedback") is None
    with pytest.raises(ValidationError, match="over"):
        acts.end(everybody["steward"], first)
    second = begun(everybody["editor"])
    assert (second.name, SurveyRound.objects.count()) == (f"{today()}-2", 2)
    assert Event.objects.filter(kind__startswith="survey.").count() == 3


def test_of_two_who_begin_at_once_one_does(
    everybody: dict[str, Person], own_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = acts.hold_end

    def after_another() -> object:
        SurveyRound.objects.create(name="x", opens=today(), closes=today(), asked={}, by=everybody["steward"])
        return hold()

    monkeypatch.setattr(acts, "hold_end", after_another)
    with pytest.raises(ValidationError, match="already"):
        begun(everybody["editor"])
    assert read_survey(own_place / "feedback") is None


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (3, 2)])
def test_days_that_cannot_be(everybody: dict[str, Person], own_place: Path, first: int, last: int) -> None:
    days = [today() + timedelta(days=number) for number in (first, last)]
    with pytest.raises(ValidationError):
        acts.begin(everybody["editor"], days[0], days[1], (bank.ready("found"),))
    assert read_survey(own_place / "feedback") is None


def test_totals_hide_what_is_few(everybody: dict[str, Person], own_place: Path) -> None:
    found = begun(everybody["editor"])
    survey = survey_from_dict(found.asked)
    assert results(found)[0] is None
    for answer, number in (("yes", 9), ("partly", 6), ("no", 2)):
        for _ in range(number):
            add_answers(own_place / "feedback", survey, {"found": answer})
    people, (first, *rest) = results(found)
    assert people == 15
    assert dict(first.counts) == {"yes": 9, "partly": None, "no": None}
    assert {value for one in rest for value in one.counts.values()} == {None}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"a": 4, "b": 5, "c": 50}, {"a": None, "b": None, "c": 50}),
        ({"a": 4, "b": 1, "c": 50}, {"a": None, "b": None, "c": 50}),
        ({"a": 5, "b": 6}, {"a": 5, "b": 6}),
        ({"a": 0}, {"a": None}),
        ({}, {}),
    ],
)
def test_a_hidden_number_cannot_be_had_from_the_others(counts: dict[str, int], expected: dict[str, int]) -> None:
    assert shown(counts) == expected


@pytest.mark.parametrize(("number", "said"), [(0, None), (4, None), (5, 5), (7, 5), (8, 10), (1003, 1005)])
def test_numbers_are_rounded_to_fives(number: int, said: int | None) -> None:
    assert rounded(number) == said


def fields(**more: object) -> dict[str, object]:
    days = {"opens": today().isoformat(), "closes": (today() + timedelta(days=9)).isoformat()}
    return {**days, **{f"scale_{number}": "measure" for number in OWN}, **more}


def test_the_form_asks_in_every_language_or_not_at_all() -> None:
    assert SurveyForm(fields(ready=["found"])).is_valid()
    form = SurveyForm(fields(own_1_en="Do you use the maps?"))
    assert not form.is_valid()
    assert {f"own_1_{code}" for code in LANGUAGES if code != "en"} == set(form.errors)
    assert "ready" in SurveyForm(fields()).errors
    whole = SurveyForm(fields(**{f"own_2_{code}": f"Maps? {code}" for code in LANGUAGES}, scale_2="ease"))
    assert whole.is_valid()
    (question,) = whole.questions
    assert (question.id, question.words["ar"], question.options[0].id) == ("own-2", "Maps? ar", "very-easy")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_surveys(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client], own_place: Path, language: str
) -> None:
    client = signed_in(everybody["editor"])
    client.cookies["django_language"] = language
    assert client.get("/readers/surveys/begin/").status_code == 200
    assert client.post("/readers/surveys/begin/", fields()).status_code == 200
    assert client.post("/readers/surveys/begin/", fields(ready=["found", "easy"])).status_code == 302
    assert client.post("/readers/surveys/begin/", fields(ready=["found"])).status_code == 200  # one is asked already
    found = SurveyRound.objects.get()
    for address in ("/readers/surveys/", f"/readers/surveys/{found.pk}/"):
        assert client.get(address).status_code == 200
    (own_place / "feedback" / "survey" / f"totals-{found.name}.json").write_text("{")
    assert "Move it away" in client.get(f"/readers/surveys/{found.pk}/").content.decode()
    assert client.post(f"/readers/surveys/{found.pk}/end/").status_code == 302
    assert client.get("/readers/surveys/999/").status_code == 404


def test_who_does_not_answer_readers_asks_them_nothing(everybody: dict[str, Person]) -> None:
    for who in ("auditor", "administrator", "shelter"):
        with pytest.raises(Denied):
            begun(everybody[who])
