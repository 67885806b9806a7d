"""The survey: what is counted, what is refused, and that nothing of one reader's answers stays together."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ctdc.foundation.errors import UserError
from ctdc.hub.feedback.queue import Queue
from ctdc.hub.feedback.service import FEEDBACK_TEXTS, feedback_service
from ctdc.hub.feedback.survey import (
    Option,
    Question,
    Survey,
    add_answers,
    read_survey,
    read_totals,
    survey_from_dict,
    write_survey,
    written,
)
from ctdc.hub.site.about.listening import FORM_END, FORM_START
from ctdc.standard.languages import LANGUAGES

OWN = {"sec-fetch-site": "same-origin", "user-agent": "Secret-Browser/1"}
ADDRESS = "203.0.113.77"


def words(text: str) -> dict[str, str]:
    return {language: f"{text} {language}" for language in LANGUAGES}


def survey(name: str = "spring-2026", **changes: object) -> Survey:
    options = tuple(Option(answer, words(answer)) for answer in ("yes", "partly", "no"))
    questions = (Question("found", words("Found?"), options), Question("easy", words("Easy?"), options))
    values = {"id": name, "opens": "2026-03-01", "closes": "2026-03-31", "questions": questions, "more": words("More?")}
    return Survey(**{**values, **changes})  # type: ignore[arg-type]


class Clock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 5, 14, 37, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path / "queue", most=3)


@pytest.fixture
def client(tmp_path: Path, queue: Queue, clock: Clock) -> TestClient:
    for language in LANGUAGES:
        page = tmp_path / "site" / language / "feedback" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"<h1>{language}</h1>{FORM_START}x{FORM_END}")
    app = feedback_service(tmp_path / "site", queue, clock)
    return TestClient(app, base_url="https://data.example", client=(ADDRESS, 5), follow_redirects=False)


def send(client: TestClient, headers: dict[str, str] = OWN, **fields: str):
    return client.post("/en/feedback/", data={"survey": "spring-2026", **fields}, headers=headers)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_offered_beside_the_form_while_it_is_open(client, queue, clock, language):
    offer = FEEDBACK_TEXTS.text(language, "survey.offer")
    assert offer not in client.get(f"/{language}/feedback/").text
    write_survey(queue.folder, survey())
    assert offer in client.get(f"/{language}/feedback/").text
    page = client.get(f"/{language}/feedback/?survey=1").text
    assert f"Found? {language}" in page and f"partly {language}" in page and "<script" not in page
    clock.moment = datetime(2026, 4, 1, tzinfo=UTC)
    assert offer not in client.get(f"/{language}/feedback/").text


def test_answers_become_totals_and_words_a_message_without_them(client, queue):
    write_survey(queue.folder, survey())
    answer = send(client, **{"q-found": "yes", "q-easy": "no", "message": "Maps, please."})
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/feedback/?sent=survey")
    assert FEEDBACK_TEXTS.text("en", "survey.thanks") in client.get("/en/feedback/?sent=survey").text
    assert "set-cookie" not in answer.headers
    totals = read_totals(queue.folder, survey())
    assert (totals.people, totals.counts["found"]["yes"], totals.counts["easy"]["no"]) == (1, 1, 1)
    (message,) = queue.messages()
    assert (message.kind, message.message) == ("survey", "Maps, please.")
    kept = {path.name: path.read_text() for path in queue.folder.rglob("*") if path.is_file()}
    assert sorted(kept) == sorted([f"{message.id}.json", "survey.json", "totals-spring-2026.json", ".lock"])
    for secret in (ADDRESS, "Secret-Browser", "14:37", "2026-03-05"):
        assert secret not in kept["totals-spring-2026.json"]
    first = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    assert (queue.folder / "survey" / "totals-spring-2026.json").stat().st_mtime == first
    assert (queue.folder / "survey" / "totals-spring-2026.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("fields", "status", "key"),
    [
        ({"survey": "winter-2025", "q-found": "yes"}, 410, "survey.over"),
        ({"q-found": "perhaps"}, 422, "survey.empty"),
        ({"q-other": "yes"}, 422, "survey.empty"),
        ({}, 422, "survey.empty"),
    ],
)
def test_what_is_no_answer_is_refused_with_a_reason(client, queue, fields, status, key):
    write_survey(queue.folder, survey())
    answer = send(client, **fields)
    assert (answer.status_code, FEEDBACK_TEXTS.text("en", key) in answer.text) == (status, True)
    assert read_totals(queue.folder, survey()).people == 0


def test_what_was_chosen_and_written_is_shown_again(client, queue):
    write_survey(queue.folder, survey())
    answer = send(client, **{"q-found": "partly", "message": "<b>" + "x" * 2000})
    assert answer.status_code == 422
    assert 'value="partly" checked' in answer.text
    assert "&lt;b&gt;xxx" in answer.text


def test_other_sites_programs_and_floods_are_kept_out(client, queue, clock):
    write_survey(queue.folder, survey())
    assert send(client, {"sec-fetch-site": "cross-site"}, **{"q-found": "yes"}).status_code == 403
    assert send(client, **{"q-found": "yes", "website": "https://spam.example"}).status_code == 303
    assert read_totals(queue.folder, survey()).people == 0
    taken = [send(client, **{"q-found": "yes"}).status_code for _ in range(6)]
    assert taken == [303] * 5 + [429]
    clock.moment += timedelta(days=1)
    assert send(client, **{"q-found": "yes"}).status_code == 303


def test_a_full_folder_counts_nothing_twice(client, queue):
    write_survey(queue.folder, survey())
    answers = [send(client, **{"q-found": "yes", "message": str(number)}).status_code for number in range(4)]
    assert answers == [303, 303, 303, 503]
    assert read_totals(queue.folder, survey()).people == 3


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "other"}', '{"format": "ctdc-survey/1", "questions": 3}'])
def test_a_broken_survey_stops_no_message(client, queue, text):
    written(queue.folder).parent.mkdir()
    written(queue.folder).write_text(text)
    with pytest.raises(UserError) as error:
        read_survey(queue.folder)
    assert error.value.detail.code == "survey.file"
    assert client.get("/en/feedback/?survey=1").status_code == 200
    assert client.post("/en/feedback/", data={"message": "x"}, headers=OWN).status_code == 303


def test_broken_totals_are_told_and_never_written_over(client, queue):
    write_survey(queue.folder, survey())
    path = queue.folder / "survey" / "totals-spring-2026.json"
    path.write_text("{}")
    assert send(client, **{"q-found": "yes"}).status_code == 503
    assert path.read_text() == "{}"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "../up"},
        {"closes": "2026-02-01"},
        {"questions": ()},
        {"more": {"en": "only English"}},
        {"questions": (Question("one", words("?"), (Option("yes", words("yes")),)),)},
        {"questions": (Question("one", words("?" * 400), survey().questions[0].options),)},
        {"questions": survey().questions[:1] * 2},
    ],
)
def test_what_not_every_reader_could_answer_is_no_survey(changes):
    with pytest.raises(UserError):
        survey(**changes)


def test_a_survey_is_read_as_it_was_written(tmp_path):
    write_survey(tmp_path, survey())
    assert read_survey(tmp_path) == survey() == survey_from_dict(json.loads(written(tmp_path).read_text()))
    assert survey().is_open(date(2026, 3, 31)) and not survey().is_open(date(2026, 4, 1))


def test_a_count_of_several_processes_loses_nothing(tmp_path):
    for _ in range(3):
        add_answers(tmp_path, survey(), {"found": "no"})
    assert read_totals(tmp_path, survey()).counts["found"] == {"yes": 0, "partly": 0, "no": 3}
