"""Readers' messages: who asks for help comes first, what is answered is public, and nothing of a message leaks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404
from django.test import Client
from tests.unit.hub.studio.listening.conftest import sent

from ctdc.foundation.errors import UserError
from ctdc.hub.feedback.queue import Queue
from ctdc.hub.site.about.answers import Answer, add_answer, read_answers
from ctdc.hub.studio.editors import wanting
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.jobs import work
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.listening.inbox import acts, after
from ctdc.hub.studio.listening.inbox.forms import AnswerForm
from ctdc.hub.studio.listening.inbox.published import open_published
from ctdc.hub.studio.listening.inbox.reading import is_open, open_inbox, open_letter
from ctdc.hub.studio.listening.inbox.states import AFTER_HELP, NEXT, Reason, State, reasons
from ctdc.hub.studio.listening.inbox.urgent import may_ask_for_help
from ctdc.hub.studio.listening.models import Handled
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Denied
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SECRET = "Maria of Exampletown, 0123 456"
SAID, DID = {"en": "A page was missing."}, {"en": "It is there."}


@pytest.mark.parametrize(
    "text",
    [
        "Please HELP me",
        "I’m afraid of him",
        "my boss took my passport",
        "Aidez-moi s'il vous plaît",
        "J’ai peur",
        "Ich habe Angst",
        "Er schlägt mich",
        "¡Ayúdenme!",
        "Tengo miedo",
        "سَاعِدُوني",
        "أحتاج إلى مساعدة",
        "هو أخذ جواز سفري",
        "حالة طوارئ",
    ],
)
def test_words_of_somebody_who_may_ask_for_help_are_seen(text: str) -> None:
    assert may_ask_for_help(text)


@pytest.mark.parametrize(
    "text",
    [
        "The chart of forced labour and trafficking has no year.",
        "Un export des victimes de traite serait utile.",
        "Die Zahl der Opfer von Zwangsarbeit stimmt nicht.",
        "Los datos de trata de personas no cargan.",
        "رقم ضحايا الاتجار غير صحيح",
        "",
    ],
)
def test_what_readers_write_about_data_is_not_taken_for_it(text: str) -> None:
    assert not may_ask_for_help(text)


def test_who_asks_for_help_comes_first_then_the_oldest(everybody: dict[str, Person], queue: Queue) -> None:
    steward = everybody["steward"]
    late, early = sent(queue, "b", "2026-03-09"), sent(queue, "a", "2026-03-02")
    maybe, asks = sent(queue, "please help me", "2026-03-05"), sent(queue, "?", "2026-03-10")
    in_hand = sent(queue, "c", "2026-03-01")
    acts.mark_help(steward, asks)
    acts.take(steward, in_hand)
    found = open_inbox(is_open).letters
    assert [one.message.id for one in found] == [asks, maybe, early, late, in_hand]


def test_states_follow_their_table(everybody: dict[str, Person], queue: Queue) -> None:
    steward, one = everybody["steward"], sent(queue, SECRET, contact="me@example.org")
    acts.mark_help(steward, one)
    for wrong in (
        lambda: acts.answer(steward, one, SAID, DID),
        lambda: acts.take(steward, one),
        lambda: acts.set_aside(steward, one, Reason.SPAM),
    ):
        with pytest.raises(ValidationError):
            wrong()
    assert open_letter(one).state is State.HELP
    assert open_letter(one).message.contact == "me@example.org"
    acts.set_aside(steward, one, Reason.HELP_GIVEN)
    assert open_letter(one).message.contact == ""
    acts.put_back(steward, one)
    acts.take(steward, one)
    acts.answer(steward, one, SAID, DID)
    with pytest.raises(ValidationError):
        acts.put_back(steward, one)
    assert set(NEXT) == set(State)
    assert set(reasons(State.HELP)) == AFTER_HELP and not set(reasons(State.NEW)) & AFTER_HELP


def test_two_people_do_not_work_on_one_message(everybody: dict[str, Person], queue: Queue) -> None:
    one = sent(queue, "x")
    acts.take(everybody["steward"], one)
    with pytest.raises(ValidationError, match="in hand"):
        acts.take(everybody["editor"], one)
    assert Handled.objects.get().by == everybody["steward"]


def test_an_answer_is_public_once_and_its_contact_gone(
    everybody: dict[str, Person], queue: Queue, own_place: Path
) -> None:
    one = sent(queue, SECRET, contact="me@example.org")
    acts.answer(everybody["editor"], one, SAID, DID)
    (entry,) = read_answers(own_place / "you-said.yaml")
    assert (entry.you_said, entry.we_did) == (SAID, DID)
    message = queue.read(one)
    assert (message.answered, message.contact) == (entry.day, "")
    assert open_letter(one).state is State.ANSWERED
    acts.publish(everybody["editor"], SAID, DID)  # as when an act was cut off after the file, and is done again
    assert len(read_answers(own_place / "you-said.yaml")) == 1


def test_an_answer_on_the_command_line_is_known_here(everybody: dict[str, Person], queue: Queue) -> None:
    one = sent(queue, "x")
    acts.take(everybody["steward"], one)
    queue.mark_answered(one, "2026-03-02")
    assert open_letter(one).state is State.ANSWERED
    with pytest.raises(ValidationError, match="answered"):
        acts.answer(everybody["steward"], one, SAID, DID)


def test_a_damaged_file_of_answers_undoes_the_answer(
    everybody: dict[str, Person], queue: Queue, own_place: Path
) -> None:
    one = sent(queue, "x", contact="me@example.org")
    (own_place / "you-said.yaml").write_text("format: something else\n")
    before = Event.objects.count()
    with pytest.raises(UserError):
        acts.answer(everybody["steward"], one, SAID, DID)
    assert (Event.objects.count(), Handled.objects.count()) == (before, 0)
    assert queue.read(one).contact == "me@example.org"
    assert (own_place / "you-said.yaml").read_text() == "format: something else\n"


def test_nothing_of_a_message_is_in_the_database(everybody: dict[str, Person], queue: Queue) -> None:
    steward, one, other = everybody["steward"], sent(queue, SECRET, contact=SECRET), sent(queue, SECRET)
    acts.take(steward, one)
    acts.answer(steward, one, SAID, DID)
    acts.mark_help(steward, other)
    acts.remove(steward, other)
    kept = str(list(Event.objects.values())) + str(list(Handled.objects.values()))
    assert one in kept
    for part in ("Maria", "Exampletown", "0123 456", "A page was missing"):
        assert part not in kept
    assert not (queue.folder / f"{other}.json").exists()
    with pytest.raises(Http404):
        open_letter(other)


def test_answers_are_changed_and_withdrawn_by_what_they_say(everybody: dict[str, Person], own_place: Path) -> None:
    editor = everybody["editor"]
    acts.publish(editor, SAID, DID)
    acts.publish(editor, {"en": "Other"}, {"en": "Done"})
    key = next(key for key, one in open_published().items() if one.you_said == SAID)
    acts.change(editor, key, SAID | {"fr": "Il manquait une page."}, DID | {"fr": "Elle y est."})
    first, second = read_answers(own_place / "you-said.yaml")
    assert (first.you_said["en"], set(second.you_said)) == ("Other", {"en", "fr"})
    with pytest.raises(ValidationError):
        acts.withdraw(editor, key)  # as somebody else saw it before
    acts.withdraw(editor, next(iter(open_published())))
    assert [set(one.you_said) for one in open_published().values()] == [{"en", "fr"}]


@pytest.mark.parametrize("act", ["change", "withdraw"])
def test_what_another_publishes_meanwhile_is_not_lost(
    everybody: dict[str, Person], own_place: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    acts.publish(everybody["editor"], SAID, DID)
    (key,) = open_published()
    hold = acts.hold_end

    def after_another() -> object:
        add_answer(own_place / "you-said.yaml", Answer("2026-03-01", {"en": "Other"}, {"en": "Done"}))
        return hold()

    monkeypatch.setattr(acts, "hold_end", after_another)
    if act == "change":
        acts.change(everybody["editor"], key, {"en": "In other words."}, DID)
    else:
        acts.withdraw(everybody["steward"], key)
    said = {one.you_said["en"] for one in read_answers(own_place / "you-said.yaml")}
    assert said == ({"Other", "In other words."} if act == "change" else {"Other"})


def test_whoever_publishes_no_stories_has_the_site_made_all_the_same(everybody: dict[str, Person]) -> None:
    acts.publish(everybody["steward"], SAID, DID)
    assert [job.by for job in Job.objects.filter(kind=after.PUBLISH)] == [None]
    Job.objects.update(state="running")
    acts.publish(everybody["editor"], {"en": "Another."}, DID)
    assert Job.objects.get(kind=after.PUBLISH, state="waiting").by == everybody["editor"]


def test_the_job_that_waits_is_held_until_the_answer_is_there(
    everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[tuple[str, Person | None]] = []
    monkeypatch.setattr(wanting, "want", lambda kind, by: wanted.append((kind, by)))
    acts.publish(everybody["editor"], SAID, DID)
    assert wanted == [(after.PUBLISH, everybody["editor"])], "the one way, which locks the job that waits"


def test_the_site_is_asked_for_once(
    everybody: dict[str, Person], queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(work.KINDS, after.PUBLISH, raising=False)
    acts.publish(everybody["editor"], SAID, DID)
    assert not Job.objects.exists()  # a studio without a job for it
    monkeypatch.setitem(work.KINDS, after.PUBLISH, work.Kind(lambda job, progress: None))
    asked: list[Person] = []
    monkeypatch.setattr(after, "AFTER_ANSWER", [*after.AFTER_ANSWER, asked.append])
    for text in ("one", "two"):
        acts.publish(everybody["editor"], {"en": text}, DID)
    assert Job.objects.filter(kind="editors.publish").count() == 1
    assert asked == [everybody["editor"]] * 2


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, "__all__"),
        ({"said_en": "x"}, "did_en"),
        ({"said_en": "x", "did_en": "y"}, "without"),
        ({"said_en": "x", "did_en": "y", "without": "on"}, ""),
        ({f"{part}_{code}": "x" for part in ("said", "did") for code in LANGUAGES}, ""),
        ({"said_en": "x" * 1001, "did_en": "y", "without": "on"}, "said_en"),
    ],
)
def test_an_answer_is_whole_and_lacks_languages_knowingly(fields: dict[str, str], wrong: str) -> None:
    form = AnswerForm(fields)
    assert form.is_valid() is not bool(wrong)
    assert not wrong or wrong in form.errors
    if not wrong:
        said, did = form.words
        assert set(said) == set(did)


def test_only_those_who_answer_see_how_to_reach_a_reader(
    everybody: dict[str, Person], queue: Queue, signed_in: Callable[[Person], Client]
) -> None:
    one = sent(queue, "<script>alert(1)</script>", contact="me@example.org")
    for who, sees in (("steward", True), ("auditor", False)):
        page = signed_in(everybody[who]).get(f"/readers/messages/{one}/").content.decode()
        assert ("me@example.org" in page) is sees
        assert "<script>alert" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_stand_in_every_language(
    everybody: dict[str, Person], queue: Queue, signed_in: Callable[[Person], Client], language: str
) -> None:
    steward = everybody["steward"]
    numbers = [sent(queue, "please help me", contact="x"), sent(queue, ""), sent(queue, "c", kind="survey")]
    acts.mark_help(steward, numbers[0])
    acts.set_aside(steward, numbers[1], Reason.SPAM)
    acts.answer(steward, numbers[2], SAID, DID)
    (queue.folder / "broken.json").write_text("{")
    client = signed_in(steward)
    client.cookies["django_language"] = language
    addresses = ["/readers/", "/readers/done/", "/readers/answers/", "/readers/answers/new/"]
    addresses += [f"/readers/messages/{number}/" for number in numbers]
    addresses += [f"/readers/messages/{numbers[0]}/remove/"]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert f'<html lang="{language}"' in answer.content.decode()
    assert "broken.json" in client.get("/readers/").content.decode()
    assert f"/readers/messages/{numbers[1]}/" in client.get("/readers/done/").content.decode()
    assert f"/readers/messages/{numbers[1]}/" not in client.get("/readers/").content.decode()


def test_many_messages_are_read_page_by_page(
    everybody: dict[str, Person], queue: Queue, signed_in: Callable[[Person], Client]
) -> None:
    for number in range(51):
        acts.set_aside(everybody["steward"], sent(queue, f"text {number}"), Reason.KNOWN)
    client = signed_in(everybody["steward"])
    pages = [client.get(f"/readers/done/?page={page}").content.decode() for page in (1, 2)]
    assert [page.count('<p><a href="/readers/messages/') for page in pages] == [50, 1]


def test_a_person_answers_through_the_pages(
    everybody: dict[str, Person], queue: Queue, signed_in: Callable[[Person], Client]
) -> None:
    one, client = sent(queue, "x"), signed_in(everybody["steward"])
    address = f"/readers/messages/{one}/"
    assert client.post(f"{address}aside/", {}).status_code == 200  # the form again, with what is wrong
    assert client.post(f"{address}aside/", {"reason": "help_given"}).status_code == 200
    assert client.post(f"{address}take/").status_code == 302
    answer = client.post(f"{address}answer/", {"said_en": "x", "did_en": "y"})
    assert (answer.status_code, "without" in answer.content.decode()) == (200, True)
    answer = client.post(f"{address}answer/", {"said_en": "x", "did_en": "y", "without": "on"})
    assert answer["Location"] == "/readers/answers/"
    assert client.get(f"{address}answer/").status_code == 302
    assert client.get("/readers/messages/../secret/").status_code == 404
    assert client.get(f"/readers/messages/{'0' * 16}/").status_code == 404


def test_who_may_only_look_changes_nothing(everybody: dict[str, Person], queue: Queue) -> None:
    one = sent(queue, "x")
    for who in ("auditor", "reviewer", "administrator", "translator", "shelter"):
        with pytest.raises(Denied):
            acts.take(everybody[who], one)
        with pytest.raises(Denied):
            acts.publish(everybody[who], SAID, DID)
