"""The feedback form's service: what it takes, what it refuses, and what is on the disk afterwards."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from ctdc.cli.feedback import command
from ctdc.cli.serve import command as serve_command
from ctdc.foundation.errors import UserError
from ctdc.hub.feedback.limits import Limits
from ctdc.hub.feedback.message import MOST_CHARACTERS, Message, about_of, cleaned
from ctdc.hub.feedback.queue import Queue, QueueFull
from ctdc.hub.feedback.service import FEEDBACK_TEXTS, MOST_BYTES, TRAP, feedback_service
from ctdc.hub.server import Together
from ctdc.hub.site.about.answers import read_answers
from ctdc.hub.site.about.listening import FORM_END, FORM_START
from ctdc.hub.site.serve import SECURITY_HEADERS
from ctdc.standard.languages import LANGUAGES

ADDRESS = "203.0.113.77"
OWN = {"sec-fetch-site": "same-origin", "origin": "null", "user-agent": "Secret-Browser/1"}


class Clock:
    def __init__(self):
        self.moment = datetime(2026, 3, 1, 14, 37, 11, tzinfo=UTC)

    def __call__(self):
        return self.moment


@pytest.fixture
def pages(tmp_path):
    for language in LANGUAGES:
        page = tmp_path / "site" / language / "feedback" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"<!doctype html><h1>{language}</h1>{FORM_START}not here{FORM_END}<p>end</p>")
    return tmp_path / "site"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(tmp_path):
    return Queue(tmp_path / "queue", most=20)


@pytest.fixture
def client(pages, queue, clock):
    app = feedback_service(pages, queue, clock)
    return TestClient(app, base_url="https://data.example", client=(ADDRESS, 5), follow_redirects=False)


def send(client, headers=OWN, language="en", **fields):
    return client.post(f"/{language}/feedback/", data=fields, headers=headers)


def test_a_message_is_kept_with_its_day_and_nothing_about_who_sent_it(client, queue):
    answer = send(
        client, about="/en/themes/", useful="no", kind="data", message="A number is odd.", contact="a@b.example"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/feedback/?sent=1")
    (path,) = queue.folder.iterdir()
    text = path.read_text()
    assert json.loads(text) == {
        "format": "ctdc-feedback/1",
        "id": path.stem,
        "day": "2026-03-01",
        "language": "en",
        "about": "/en/themes/",
        "useful": "no",
        "kind": "data",
        "message": "A number is odd.",
        "contact": "a@b.example",
        "answered": "",
    }
    for secret in (ADDRESS, "203.0", "Secret-Browser", "14:37", "data.example"):
        assert secret not in text + path.name
    midnight = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    assert path.stat().st_mtime == queue.folder.stat().st_mtime == midnight
    assert path.stat().st_mode & 0o077 == 0
    assert "set-cookie" not in answer.headers


def test_nothing_in_memory_holds_an_address(clock):
    limits = Limits(clock)
    assert limits.allows(ADDRESS)
    assert ADDRESS.encode() not in repr(vars(limits)).encode()
    assert ADDRESS not in repr(vars(limits))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_and_its_thanks_are_in_the_language_of_the_page(client, language):
    form = client.get(f"/{language}/feedback/?about=/{language}/data/").text
    assert form.startswith(f"<!doctype html><h1>{language}</h1><section")
    assert form.endswith("<p>end</p>")
    assert "not here" not in form
    assert f'name="about" value="/{language}/data/"' in form
    assert FEEDBACK_TEXTS.text(language, "send") in form
    assert "script" not in form
    assert FEEDBACK_TEXTS.text(language, "thanks.heading") in client.get(f"/{language}/feedback/?sent=1").text
    assert FEEDBACK_TEXTS.messages(language).keys() == FEEDBACK_TEXTS.messages("en").keys()


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "https://data.example"}, True),
        ({"origin": "https://data.example"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "null"}, False),
        ({"sec-fetch-site": "same-site", "origin": "https://other.data.example"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
def test_a_form_of_another_site_is_refused(client, queue, headers, taken):
    answer = send(client, headers, message="x")
    assert answer.status_code == (303 if taken else 403)
    assert bool(list(queue.folder.iterdir())) is taken


def test_one_sender_and_all_senders_have_their_limits_which_end_with_the_day(pages, queue, clock):
    app = feedback_service(pages, queue, clock)
    clients = [TestClient(app, base_url="https://data.example", client=(f"203.0.113.{n}", 5)) for n in (1, 2)]
    taken = [send(clients[0], message="x").status_code for _ in range(6)]
    assert taken == [200] * 5 + [429]  # the client follows to the thanks
    assert send(clients[1], message="x").status_code == 200
    clock.moment += timedelta(days=1)
    assert send(clients[0], message="x").status_code == 200
    assert len(list(queue.folder.iterdir())) == 7


def test_limits_count_households_of_ipv6_and_forget_with_the_day(clock):
    limits = Limits(clock, of_one=1, of_all=3)
    assert limits.allows("2001:db8:1:2::1")
    assert not limits.allows("2001:db8:1:2:ffff::9")
    assert limits.allows("2001:db8:1:3::1")
    assert limits.allows("::ffff:198.51.100.1")
    assert not limits.allows("198.51.100.2")  # three in all
    clock.moment += timedelta(days=1)
    assert limits.allows("198.51.100.1")
    assert not limits.allows("::ffff:198.51.100.1")


def test_a_flood_cannot_fill_the_disk(tmp_path, client, queue):
    for _ in range(20):
        queue.add(queue_message(queue))
    with pytest.raises(QueueFull):
        queue.add(queue_message(queue))
    answer = send(client, message="x")
    assert answer.status_code == 503
    assert len(list(queue.folder.iterdir())) == 20


def queue_message(queue):
    return Message(queue.new_id(), "2026-03-01", "en", message="x")


def test_what_programs_fill_in_is_thanked_for_and_dropped(client, queue):
    answer = send(client, message="Buy!", **{TRAP: "https://spam.example"})
    assert answer.status_code == 303
    assert not list(queue.folder.iterdir())


@pytest.mark.parametrize("length", [MOST_CHARACTERS["message"], MOST_CHARACTERS["message"] + 1])
def test_a_message_of_any_script_fits_up_to_its_limit(client, queue, length):
    answer = send(client, message="😀" * length)
    assert answer.status_code == (303 if length == MOST_CHARACTERS["message"] else 422)
    assert len(list(queue.folder.iterdir())) == (length == MOST_CHARACTERS["message"])
    if answer.status_code == 422:
        assert "too long" in answer.text
        assert "😀" * length in answer.text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"message=" + b"x" * MOST_BYTES, "application/x-www-form-urlencoded", 413),
        (b'{"message": "x"}', "application/json", 415),
        (b"&".join(b"a%d=1" % n for n in range(50)), "application/x-www-form-urlencoded", 415),
        (b"message=%20%0a", "application/x-www-form-urlencoded", 422),
        (b"useful=perhaps", "application/x-www-form-urlencoded", 422),
        (b"", "application/x-www-form-urlencoded", 422),
    ],
)
def test_what_is_no_message_is_refused_with_a_reason(client, queue, body, kind, status):
    answer = client.post("/en/feedback/", content=body, headers={**OWN, "content-type": kind})
    assert answer.status_code == status
    assert FEEDBACK_TEXTS.text("en", "error.title") in answer.text
    assert not list(queue.folder.iterdir())


def test_what_was_written_is_shown_again_as_text(client):
    nasty = "</textarea><script>alert(1)</script>\"'<b>"
    answer = send(client, contact=nasty + "x" * 200, message=nasty, about='/en/"><script>')
    assert answer.status_code == 422
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    for query in ('/en/"><script>', "//evil.example/", "/en/../secret", "javascript:alert(1)", "/xx/data/"):
        assert 'name="about"' not in client.get(f"/en/feedback/?about={quote(query)}").text
        assert about_of(query) == ""


def test_characters_that_deceive_are_taken_out():
    assert cleaned("a\x00b\x1b[31m\u202ec\x9d\r\nd", lines=True) == "ab[31mc\nd"
    assert cleaned("a\r\nb") == "a b"
    assert cleaned("می\u200cخواهم") == "می\u200cخواهم"  # the joiner belongs to the spelling


def test_every_answer_has_the_headers_of_the_site_and_is_not_stored(client):
    answers = [client.get("/en/feedback/"), send(client, message="x"), send(client), send(client, {}, message="x")]
    for answer in answers:
        assert SECURITY_HEADERS.items() <= {name: answer.headers.get(name) for name in SECURITY_HEADERS}.items()
        assert answer.headers["cache-control"] == "no-store"
    assert client.put("/en/feedback/").status_code == 405


def test_only_the_form_s_addresses_go_to_the_service(pages, queue):
    def named(name):
        async def app(scope, receive, send_):
            await send_({"type": "http.response.start", "status": 200, "headers": []})
            await send_({"type": "http.response.body", "body": name})

        return app

    together = TestClient(Together(named(b"pages"), named(b"counts"), named(b"feedback")))
    shown = {path: together.get(path).text for path in ("/en/", "/en/feedback/", "/en/feedback/x", "/api/v1/releases")}
    assert list(shown.values()) == ["pages", "feedback", "pages", "counts"]
    assert TestClient(Together(named(b"pages"), named(b"counts"))).get("/en/feedback/").text == "pages"


def run(*arguments):
    return CliRunner().invoke(command, list(map(str, arguments)), catch_exceptions=False)


def test_a_message_is_listed_answered_in_public_and_exported(client, queue, tmp_path):
    send(client, message="A page\nis missing.", contact="me@example.org", kind="page")
    (message,) = queue.messages()
    listed = run("list", queue.folder).output
    assert message.id in listed
    assert "  is missing." in listed
    answers = tmp_path / "you-said.yaml"
    done = run("answer", queue.folder, message.id, "--answers", answers, "--said", "en=A page was missing.", "--did",
               "en=It is there.")  # fmt: skip
    assert done.exit_code == 0
    (entry,) = read_answers(answers)
    assert (entry.you_said, entry.we_did) == ({"en": "A page was missing."}, {"en": "It is there."})
    assert "me@example.org" not in answers.read_text() + next(queue.folder.iterdir()).read_text()
    assert run("list", queue.folder).output == "There are no messages.\n"
    assert message.id in run("list", queue.folder, "--all").output
    run("export", queue.folder, "--out", tmp_path / "all.json")
    assert [each["id"] for each in json.loads((tmp_path / "all.json").read_text())["messages"]] == [message.id]


@pytest.mark.parametrize("identifier", ["0" * 16, "../secret", "x"])
def test_an_unknown_message_is_named_and_nothing_else_is_read(queue, tmp_path, identifier):
    (tmp_path / "secret.json").write_text("{}")
    with pytest.raises(UserError, match="no message with this id"):
        queue.read(identifier)


def test_a_file_that_is_no_message_is_named(queue):
    (queue.folder / "0123456789abcdef.json").write_text('{"format": "other"}')
    with pytest.raises(UserError, match="not a message"):
        list(queue.messages())


@pytest.mark.parametrize("text", ["English", "xx=Words", "en= "])
def test_an_answer_needs_a_language_and_changes_nothing_without(client, queue, tmp_path, text):
    send(client, message="x")
    (message,) = queue.messages()
    with pytest.raises(UserError, match="a language and a text"):
        run("answer", queue.folder, message.id, "--answers", tmp_path / "a.yaml", "--said", text, "--did", "en=y")
    assert not (tmp_path / "a.yaml").exists()
    assert next(queue.messages()).answered == ""


def test_messages_never_lie_among_the_pages(tmp_path):
    (tmp_path / "site.json").write_text("{}")
    with pytest.raises(UserError) as error:
        CliRunner().invoke(
            serve_command,
            [str(tmp_path), "--feedback", str(tmp_path / "in")],
            catch_exceptions=False,
            standalone_mode=False,
        )
    assert error.value.detail.code == "serve.feedback_place"
    assert not (tmp_path / "in").exists()
