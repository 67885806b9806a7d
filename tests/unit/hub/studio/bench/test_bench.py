"""Rooms of the workbench: who gets one, what is in them, how they end, and what stays of them."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event as Told
from threading import Thread

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import OperationalError, connection, connections
from django.test import Client
from django.utils import translation

sys.path.insert(0, str(Path(__file__).parents[4] / "support"))

from asking import OWN, Answer, ask, form
from bench import SECRET, rows, write_csv

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused, UserError
from ctdc.hub.studio.bench import accounts, leaving, rooms
from ctdc.hub.studio.bench.asgi import Benches, is_for_bench
from ctdc.hub.studio.bench.rooms import MOST_FILE, ROOMS
from ctdc.hub.studio.deliveries import memory
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people.models import Grant, Person
from ctdc.hub.studio.web.bodies import Bodies
from ctdc.hub.workbench import jobs
from ctdc.hub.workbench.door import HEADERS
from ctdc.hub.workbench.project import write_json
from ctdc.hub.workbench.runs import RAW
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Cost
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
# The studio answers in threads of its own, which see what is in the database and not what a test has yet to commit.
in_threads = pytest.mark.django_db(transaction=True, serialized_rollback=True)
SignedIn = Callable[[Person], Client]
Bench = Callable[..., Answer]


@pytest.fixture(autouse=True)
def _accounts_end() -> Iterator[None]:
    yield
    for path in settings.STUDIO.accounts.glob("*"):
        path.unlink()


@pytest.fixture
def app() -> Benches:
    """The studio as its process answers."""
    return Benches(Bodies(get_asgi_application(), settings.FILE_UPLOAD_MAX_MEMORY_SIZE))


def cookie_of(client: Client) -> dict[str, str]:
    """What a browser sends of a session."""
    return {"cookie": f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"}


@pytest.fixture
def steward(everybody: dict[str, Person], signed_in: SignedIn) -> Client:
    return signed_in(everybody["steward"])


@pytest.fixture
def inside(steward: Client) -> Client:
    """A steward with a room, whose session is known as if they had signed in on the page."""
    key = steward.cookies[settings.SESSION_COOKIE_NAME].value
    UserSession.objects.create(user_id=int(steward.session["_auth_user_id"]), ip="127.0.0.1", session_key=key)
    assert steward.post("/workbench/open/").headers["Location"] == "/workbench/en/"
    return steward


def kinds() -> list[str]:
    """The events of the workbench, in their order."""
    found = Event.objects.filter(kind__startswith="workbench.").order_by("sequence")
    return [event.kind for event in found]


def in_memory() -> list[Path]:
    """The rooms that lie in memory."""
    return [one for one in memory._parent().glob("*") if one.is_dir()]


def limits(monkeypatch: pytest.MonkeyPatch, **changed: int) -> None:
    """Other limits in the settings of the studio."""
    known = settings.STUDIO.settings.model_copy(update=changed)
    monkeypatch.setattr(settings, "STUDIO", replace(settings.STUDIO, settings=known))


def room_of(person: Person) -> rooms.Room:
    """The room that somebody has."""
    room = ROOMS.of(person.pk)
    assert room is not None
    return room


def charge(person: Person) -> str:
    """A charge to somebody's account."""
    return ledger.charge(accounts.ledger_of(person), "default", Cost(0.1, 0.2), {"epsilon": 1.0}, now()).hash


def test_nobody_is_asked_to_bring_anything_before_they_know_what_becomes_of_it(steward: Client) -> None:
    page = steward.get("/workbench/").content.decode()
    for said in ("on no disk", "30 minutes", "share one account", "So far nothing was charged"):
        assert said in page
    assert in_memory() == [] and kinds() == []


def test_a_room_lies_in_memory_for_its_owner_and_is_noted(inside: Client, everybody: dict[str, Person]) -> None:
    (folder,) = in_memory()
    assert folder.is_relative_to(memory.MEMORY) and folder.stat().st_mode & 0o077 == 0
    assert accounts.ledger_of(everybody["steward"]).parent.stat().st_mode & 0o077 == 0
    inside.post("/workbench/open/")
    assert in_memory() == [folder] and kinds() == ["workbench.opened"], "the same room"


@in_threads
def test_two_clicks_at_once_make_one_room_and_one_line(steward: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make = ROOMS.make

    def slowly(person: int, ledger: Path) -> rooms.Room:
        time.sleep(0.2)
        return make(person, ledger)

    monkeypatch.setattr(ROOMS, "make", slowly)

    def click() -> None:
        client = Client(HTTP_HOST="localhost")
        client.cookies = steward.cookies
        client.post("/workbench/open/")
        connections.close_all()

    threads = [Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(in_memory()) == 1 and kinds() == ["workbench.opened"]


def test_a_start_clears_what_is_its_own_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, db: None
) -> None:
    (elsewhere := tmp_path / "elsewhere" / "vault").mkdir(parents=True)
    monkeypatch.setattr(memory, "MEMORY", tmp_path)
    memory._parent().symlink_to(elsewhere.parent)  # as any user of the machine could
    memory.clear_up()
    assert elsewhere.is_dir()
    memory._parent().unlink()
    memory.clear_up()
    (left := memory._parent() / "left").mkdir(parents=True)
    memory._parent().chmod(0o700)
    memory.clear_up()
    assert not left.exists()


def test_where_there_is_no_memory_nothing_is_taken(
    steward: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "MEMORY", tmp_path / "none")
    answer = steward.post("/workbench/open/")
    assert answer.status_code == 503 and "never kept on a disk" in answer.content.decode()
    assert kinds() == [] and not (settings.STUDIO.folder / "open").exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_full_workbench_says_so_in_every_language(
    everybody: dict[str, Person], signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    limits(monkeypatch, workbench_rooms=1)
    assert signed_in(everybody["shelter"]).post("/workbench/open/").status_code == 302
    client = signed_in(everybody["steward"])
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    answer = client.post("/workbench/open/")
    with translation.override(language):
        from ctdc.hub.studio.web.texts import text

        assert answer.status_code == 503 and text("bench.refused.full") in answer.content.decode()
    assert kinds() == ["workbench.opened"]


@in_threads
def test_the_workbench_asks_the_studio_who_comes(
    app: Benches, inside: Client, everybody: dict[str, Person], signed_in: SignedIn
) -> None:
    path = "/workbench/en/"
    assert ask(app, "GET", path, cookie_of(inside)).status == 200
    nobody = ask(app, "GET", path)
    assert (nobody.status, nobody.headers["location"]) == (302, "/account/login/")
    assert ask(app, "GET", path, cookie_of(signed_in(everybody["reviewer"]))).status == 403
    other = ask(app, "GET", path, cookie_of(signed_in(everybody["shelter"])))
    assert (other.status, other.headers["location"]) == (302, "/workbench/"), "no room of their own"
    assert ask(app, "GET", path, cookie_of(inside), host="evil.example").status == 400
    Grant.objects.filter(person=everybody["steward"]).delete()
    assert ask(app, "GET", path, cookie_of(inside)).status == 403, "at once, when a role is taken away"


@in_threads
def test_without_the_second_step_nothing_is_open(app: Benches, inside: Client) -> None:
    from ctdc.hub.studio.entrance.second_step import TAKEN_KEY

    session = inside.session
    del session[TAKEN_KEY]
    session.save()
    answer = ask(app, "GET", "/workbench/en/", cookie_of(inside))
    assert (answer.status, answer.headers["location"]) == (302, "/account/login/")
    assert in_memory() == [], "that ends the session, and with it the room"


@in_threads
@pytest.mark.parametrize(
    "path", ["/workbench/door/", "/workbench/en/", "/workbench/assets/workbench.css", "/workbench/x"]
)
def test_every_answer_carries_the_headers_of_the_workbench(app: Benches, inside: Client, path: str) -> None:
    answer = ask(app, "GET", path, cookie_of(inside))
    assert {name: answer.headers[name.lower()] for name in HEADERS} == HEADERS
    assert "x-workbench-person" not in answer.headers


@in_threads
def test_what_another_site_sends_changes_nothing(app: Benches, inside: Client) -> None:
    headers, body = form("visits.csv", b"a,b\n1,2\n")
    for foreign in (
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "null"},
        {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
        {"sec-fetch-site": "", "origin": ""},
    ):
        answer = ask(app, "POST", "/workbench/en/file/", {**cookie_of(inside), **headers, **foreign}, body)
        assert answer.status == 403
    assert not [one for one in in_memory()[0].rglob("*") if b"1,2" in (one.read_bytes() if one.is_file() else b"")]


@in_threads
def test_a_file_that_django_would_spool_goes_straight_to_memory(app: Benches, inside: Client, tmp_path: Path) -> None:
    content = write_csv(tmp_path / "visits.csv", rows(50_000)).read_bytes()
    assert len(content) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    headers, body = form("visits.csv", content)
    answer = ask(app, "POST", "/workbench/en/file/", {**cookie_of(inside), **headers}, body)
    assert (answer.status, answer.headers["location"]) == (303, "/workbench/en/file/")
    (original,) = in_memory()[0].glob("input/original.csv")
    assert original.read_bytes() == content
    assert ask(app, "POST", "/deliveries/begin/", {**cookie_of(inside), **OWN}, body).status == 413


@in_threads
def test_too_little_memory_is_said_and_nothing_is_taken(
    app: Benches, inside: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits(monkeypatch, workbench_megabytes=1)
    headers, body = form("visits.csv", b"a,b\n" + b"1,2\n" * 100_000)
    answer = ask(app, "POST", "/workbench/en/file/", {**cookie_of(inside), **headers}, body)
    assert answer.status == 503 and "too little memory left" in answer.text
    assert not [*in_memory()[0].glob("input/*")]


def test_memory_is_set_aside_until_the_work_has_ended(
    inside: Client, everybody: dict[str, Person], signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(jobs, "CHILD", "slow")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    limits(monkeypatch, workbench_megabytes=10)
    signed_in(everybody["shelter"]).post("/workbench/open/")
    room, other = room_of(everybody["steward"]), room_of(everybody["shelter"])
    with room.taking(3_000_000):
        jobs.start(room.project.input, "read", room.project.folder, {})
    with pytest.raises(Refused, match="too little memory"), other.taking(1_000_000):
        pass
    jobs.end(room.project.input)
    with other.taking(1_000_000):
        pass
    with room.taking(3_000_000):
        pass


@in_threads
def test_two_files_at_once_are_not_taken(app: Benches, inside: Client, everybody: dict[str, Person]) -> None:
    room = ROOMS.of(everybody["steward"].pk)
    assert room is not None
    headers, body = form("visits.csv", b"a,b\n1,2\n")
    with room.taking(1):
        answer = ask(app, "POST", "/workbench/en/file/", {**cookie_of(inside), **headers}, body)
    assert answer.status == 409
    assert ask(app, "POST", "/workbench/en/file/", {**cookie_of(inside), **headers}, body).status == 303


@in_threads
def test_a_demonstration_takes_invented_tables_alone(
    app: Benches, inside: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits(monkeypatch, demonstration=True)
    path, body = "/workbench/ar/file/", b"a,b\n1,2\n"
    headers, sent = form("visits.csv", body)
    answer = ask(app, "POST", path, {**cookie_of(inside), **headers}, sent)
    assert answer.status == 409 and "\u2066SIMULATED\u2069" in answer.text
    assert not [*in_memory()[0].glob("input/*")]
    headers, sent = form("SIMULATED_visits.csv", body)
    assert ask(app, "POST", path, {**cookie_of(inside), **headers}, sent).status == 303


@in_threads
def test_links_stay_below_the_address_and_lead_back(app: Benches, inside: Client, everybody: dict[str, Person]) -> None:
    room = ROOMS.of(everybody["steward"].pk)
    assert room is not None
    for path in ("en/", "ar/file/", "de/nowhere/"):
        page = ask(app, "GET", f"/workbench/{path}", cookie_of(inside)).text
        links = [part.partition('"')[0] for kind in ("href", "src", "action") for part in page.split(f' {kind}="')[1:]]
        outside = [link for link in links if not link.startswith(("/workbench/", "#"))]
        assert outside == ["/"], path
    led = ask(app, "GET", "/workbench/en/columns", cookie_of(inside))
    assert led.headers["location"].endswith("/workbench/en/columns/")
    assert ask(app, "GET", "/workbench/", cookie_of(inside)).text.count("/workbench/en/") == 1


@in_threads
def test_behind_a_proxy_links_are_safe_from_listeners(
    app: Benches, inside: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = settings.STUDIO.settings.model_copy(update={"address": "https://localhost"})
    monkeypatch.setattr(settings, "STUDIO", replace(settings.STUDIO, settings=known))
    led = ask(app, "GET", "/workbench/en/columns", cookie_of(inside))
    assert led.headers["location"] == "https://localhost/workbench/en/columns/"


def test_whoever_signs_out_leaves_nothing(inside: Client) -> None:
    inside.post("/account/logout/")
    assert in_memory() == [] and ROOMS.people() == []
    assert kinds() == ["workbench.opened", "workbench.closed"]
    assert Event.objects.get(kind="workbench.closed").details == {"because": "signed out"}


def test_whoever_closes_it_leaves_nothing_and_is_told(inside: Client) -> None:
    page = inside.post("/workbench/close/", follow=True).content.decode()
    assert "The workbench is closed." in page and in_memory() == []
    assert "The workbench is closed." not in inside.post("/workbench/close/", follow=True).content.decode()


def test_work_that_goes_on_ends_before_the_room_does(
    inside: Client, everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "stubborn.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)\n"
    )
    monkeypatch.setattr(jobs, "CHILD", "stubborn")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    room = ROOMS.of(everybody["steward"].pk)
    assert room is not None
    jobs.start(room.project.input, "read", room.project.folder, {})
    number = int((room.project.input / "pid").read_text())
    assert jobs.is_alive(room.project.input)
    inside.post("/workbench/close/")
    assert in_memory() == []
    for _ in range(100):
        if not Path(f"/proc/{number}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{number}").exists()


@pytest.mark.parametrize("why", ["rested", "old", "visited", "session", "role", "closed"])
def test_a_look_ends_what_is_over(
    inside: Client, everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    person = everybody["steward"]
    room = ROOMS.of(person.pk)
    assert room is not None
    leaving.look()
    assert in_memory(), "nothing is over yet"
    if why == "rested":
        room.seen -= timedelta(minutes=31).total_seconds()
    if why == "old":
        room.begun -= timedelta(hours=9).total_seconds()
    if why == "visited":
        room.seen -= timedelta(minutes=31).total_seconds()
        with room.visited():
            leaving.look()
        leaving.look()
        assert in_memory(), "a request that takes long is no rest"
        return
    if why == "session":
        for session in UserSession.objects.filter(user=person):
            session.end()
    if why == "role":
        Grant.objects.filter(person=person).delete()
    if why == "closed":
        Person.objects.filter(pk=person.pk).update(is_active=False)
    leaving.look()
    assert in_memory() == []
    expected = "rested" if why in ("rested", "old") else "shut out"
    assert Event.objects.get(kind="workbench.closed").details == {"because": expected}


def test_what_was_charged_outlives_the_room_and_is_noted_once(inside: Client, everybody: dict[str, Person]) -> None:
    person = everybody["steward"]
    first = charge(person)
    leaving.look()
    leaving.look()
    second = charge(person)
    inside.post("/workbench/close/")
    noted = Event.objects.filter(kind="workbench.charged").order_by("sequence")
    assert [event.details for event in noted] == [{"line": first}, {"line": second}]
    assert "So far 2 runs were charged" in inside.get("/workbench/").content.decode()
    inside.post("/workbench/open/")
    room = ROOMS.of(person.pk)
    assert room is not None and len(ledger.read(room.project.ledger)) == 2
    assert not (room.project.folder / "ledger.jsonl").exists()


def test_a_charge_that_a_killed_studio_did_not_note_is_noted_at_the_next_opening(
    steward: Client, everybody: dict[str, Person]
) -> None:
    charge(everybody["steward"])
    steward.post("/workbench/open/")
    assert kinds() == ["workbench.charged", "workbench.opened"]


@pytest.mark.parametrize("wrong", ["cut", "written anew", "changed"])
def test_an_account_that_lacks_what_the_log_names_is_charged_no_more(
    inside: Client, everybody: dict[str, Person], wrong: str
) -> None:
    person = everybody["steward"]
    charge(person)
    charge(person)
    inside.post("/workbench/close/")
    path = accounts.ledger_of(person)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text({"cut": lines[0], "written anew": "", "changed": lines[0].replace("1.0", "0.1") + lines[1]}[wrong])
    answer = inside.post("/workbench/open/")
    assert answer.status_code == 503 and "damaged or incomplete" in answer.content.decode()
    assert in_memory() == [] and str(path) not in answer.content.decode()
    with pytest.raises(UserError, match="damaged or changed" if wrong == "changed" else "lacks lines"):
        accounts.check_accounts()


def test_the_accounts_of_everybody_are_checked_together(inside: Client, everybody: dict[str, Person]) -> None:
    assert accounts.check_accounts() == 0
    for who in ("steward", "shelter"):
        charge(everybody[who])
        leaving.note_charges(everybody[who])
    assert accounts.check_accounts() == 2
    accounts.ledger_of(everybody["shelter"]).unlink()
    with pytest.raises(UserError, match="lacks lines"):
        accounts.check_accounts()


def test_a_damaged_account_does_not_keep_a_table(inside: Client, everybody: dict[str, Person]) -> None:
    accounts.ledger_of(everybody["steward"]).write_text("{}\n")
    assert inside.post("/account/logout/").status_code == 302
    assert in_memory() == []
    assert kinds()[-1] == "workbench.closed"


def test_what_a_request_writes_after_its_room_was_closed_goes_with_it(
    inside: Client, everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "ENDS_WITHIN", 0.05)
    room = room_of(everybody["steward"])
    with room.visited() as is_open:
        assert is_open
        inside.post("/workbench/close/")
        assert in_memory() == []
        write_json(room.project.choices, [SECRET])
        assert in_memory(), "the writing makes the folder anew"
    assert in_memory() == []
    with room.visited() as is_open:
        assert not is_open, "who found it just before it was closed"


def test_a_room_is_removed_when_what_begins_in_it_has_begun(
    inside: Client, everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "ENDS_WITHIN", 0.0)
    room, begun, found = room_of(everybody["steward"]), Told(), []

    def begin() -> None:
        with room.visited(), RAW:
            begun.set()
            time.sleep(0.3)
            found.append(room.project.folder.is_dir())

    thread = Thread(target=begin)
    thread.start()
    begun.wait()
    inside.post("/workbench/close/")
    thread.join()
    assert found == [True] and in_memory() == []


@in_threads
@pytest.mark.parametrize("how", ["ends", "rests"])
def test_a_database_that_does_not_answer_keeps_no_table(inside: Client, everybody: dict[str, Person], how: str) -> None:
    room_of(everybody["steward"]).seen -= timedelta(minutes=31).total_seconds()

    def silent(*_: object) -> None:
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(silent):
        {"ends": leaving.leave_all, "rests": leaving.look}[how]()
    assert in_memory() == []


@pytest.mark.parametrize("wrong", ["damaged", "unreadable"])
def test_what_is_wrong_with_one_person_keeps_nobody_elses_table(
    inside: Client, everybody: dict[str, Person], signed_in: SignedIn, wrong: str
) -> None:
    other = everybody["shelter"]
    signed_in(other).post("/workbench/open/")
    room_of(other).seen -= timedelta(minutes=31).total_seconds()
    account = accounts.ledger_of(everybody["steward"])
    account.write_text("{}\n")
    if wrong == "unreadable":
        account.unlink()
        account.mkdir()
    leaving.look()
    assert ROOMS.of(other.pk) is None
    assert inside.post("/account/logout/").status_code == 302
    if wrong == "unreadable":
        account.rmdir()
    assert in_memory() == []


@in_threads
def test_nothing_of_a_table_is_in_the_log_or_the_studio(app: Benches, inside: Client, tmp_path: Path) -> None:
    headers, body = form(f"{SECRET}.csv", write_csv(tmp_path / "v.csv", rows(50)).read_bytes())
    assert ask(app, "POST", "/workbench/en/file/", {**cookie_of(inside), **headers}, body).status == 303
    room = ROOMS.of(ROOMS.people()[0])
    assert room is not None
    until = time.monotonic() + 30
    while jobs.state_of(room.project.input).running and time.monotonic() < until:
        time.sleep(0.1)
    assert SECRET in ask(app, "GET", "/workbench/en/file/", cookie_of(inside)).text
    inside.post("/workbench/close/")
    for event in Event.objects.all():
        assert SECRET not in str(event.content())
    assert {str(event.details) for event in Event.objects.filter(kind__startswith="workbench.")} == {
        "{}",
        "{'because': 'closed'}",
    }
    kept = [
        one for one in settings.STUDIO.folder.rglob("*") if one.is_file() and not one.name.startswith("test.sqlite")
    ]
    assert [one for one in kept if SECRET.encode() in one.read_bytes()] == []


def test_only_addresses_of_the_workbench_are_its_own() -> None:
    for path in ("/workbench/en/", "/workbench/door/", "/workbench/explore/001/", "/workbench/open/x"):
        assert is_for_bench(path)
    for path in ("/workbench", "/workbench/", "/workbench/open/", "/workbench/close/", "/", "/workbenches/en/"):
        assert not is_for_bench(path)


@in_threads
@pytest.mark.parametrize("run", ["1", "002", "../..", "001x", "", "0001"])
def test_what_is_no_run_is_not_explored(app: Benches, inside: Client, run: str) -> None:
    answer = ask(app, "GET", f"/workbench/explore/{run}/en/", cookie_of(inside))
    assert (answer.status, answer.headers["location"]) == (303, "/workbench/")


def test_nginx_lets_the_largest_file_through_and_writes_none_to_a_disk() -> None:
    text = (Path(rooms.__file__).parents[5] / "deploy" / "nginx-studio.conf").read_text()
    _, _, place = text.partition("location /workbench/ {")
    block = place.partition("}")[0]
    most = int(block.partition("client_max_body_size ")[2].partition(";")[0])
    assert MOST_FILE < most < MOST_FILE + 1_000_000
    assert "proxy_request_buffering off;" in text and "client_body_in_file_only off;" in text
