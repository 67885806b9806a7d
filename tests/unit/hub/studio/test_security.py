"""Headers, cookies, forms, limits and logs of the studio: what every answer keeps to, whoever asks for what."""

import importlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path
from tests.unit.hub.studio.test_matrix import ours
from tests.unit.hub.studio.things import make_things

from ctdc.hub.studio import place
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.urls import urlpatterns as real
from ctdc.hub.studio.web.logs import Plain
from ctdc.hub.studio.web.views import Request, shows

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SignedIn = Callable[[Person], Client]
SECRET = "Maria Example, passport AB1234567"


@shows(Act.SEE_HOME)
def _breaks(request: Request, secret: str) -> HttpResponse:
    raise RuntimeError(SECRET)


urlpatterns = [*real, path("breaks/<str:secret>/", _breaks, name="breaks")]
handler400 = "ctdc.hub.studio.web.pages.bad_request"
handler403 = "ctdc.hub.studio.web.pages.forbidden"
handler404 = "ctdc.hub.studio.web.pages.not_found"
handler500 = "ctdc.hub.studio.web.pages.fault"


@pytest.fixture
def editor(everybody: dict[str, Person], signed_in: SignedIn) -> Client:
    return signed_in(everybody["editor"])


@pytest.mark.parametrize("address", ["/", "/account/login/", "/people/", "/no/such/page/", "/people/join/x/"])
def test_every_answer_has_its_headers(editor: Client, address: str) -> None:
    for client in (editor, Client(HTTP_HOST="localhost")):
        headers = client.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy and "form-action 'self'" in policy
        assert headers["Cache-Control"].startswith("no-store") or "no-store" in headers["Cache-Control"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert "Server" not in headers and "X-Powered-By" not in headers


def test_no_page_holds_a_script_or_a_style_of_its_own(everybody: dict[str, Person], signed_in: SignedIn) -> None:
    things = make_things(everybody)
    client = signed_in(everybody["administrator"])
    for name, one in ours():
        if "GET" in getattr(one.callback, "methods", ()):
            page = client.get(things.address(name, "shelter"), follow=True).content.decode()
            for tag in page.split("<script")[1:]:
                assert "src=" in tag.split(">")[0] or 'type="application/json"' in tag.split(">")[0], name
            assert "<style" not in page and " style=" not in page and " onclick=" not in page, name


@pytest.fixture(scope="module")
def public_settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The settings of a studio that the world reaches, as another process reads them."""
    folder = tmp_path_factory.mktemp("public") / "studio"
    place.create(folder, address="https://studio.example.org", hub="Hub", sender="s@example.org")
    program = (
        "import json; from ctdc.hub.studio import settings as s; "
        "print(json.dumps({n: getattr(s, n) for n in dir(s) if n.isupper()}, default=str))"
    )
    environment = os.environ | {place.VARIABLE: str(folder)}
    made = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(made.stdout)
    return found


def test_in_the_open_everything_is_by_https(public_settings: dict[str, object]) -> None:
    assert public_settings["SECURE_SSL_REDIRECT"] is True
    assert public_settings["SECURE_HSTS_SECONDS"] == 31_536_000
    assert public_settings["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
    assert public_settings["ALLOWED_HOSTS"] == ["studio.example.org"]
    assert public_settings["DEBUG"] is False
    assert public_settings["MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN"] is False
    assert public_settings["ALLAUTH_TRUSTED_PROXY_COUNT"] == 1


@pytest.mark.parametrize("kind", ["SESSION", "CSRF", "LANGUAGE"])
def test_cookies_go_to_this_host_alone_by_https_and_not_with_other_sites(
    public_settings: dict[str, object], kind: str
) -> None:
    assert str(public_settings[f"{kind}_COOKIE_NAME"]).startswith("__Host-")
    assert public_settings[f"{kind}_COOKIE_SECURE"] is True
    assert public_settings[f"{kind}_COOKIE_SAMESITE"] == "Strict"
    assert public_settings.get(f"{kind}_COOKIE_DOMAIN") is None


@override_settings(SESSION_COOKIE_SECURE=True)
def test_what_is_said_travels_in_a_cookie_of_this_host_alone(public_settings: dict[str, object]) -> None:
    assert public_settings["MESSAGE_STORAGE"] == "ctdc.hub.studio.web.said.Said"
    from ctdc.hub.studio.web import said

    again = importlib.reload(said)
    assert again.HostCookie.cookie_name == "__Host-messages"
    assert again.Said.storage_classes[0] is again.HostCookie


def test_scripts_cannot_read_the_session(editor: Client) -> None:
    session = editor.get("/").wsgi_request.session  # type: ignore[attr-defined]
    assert session.session_key and len(session.session_key) == 32
    client = Client(HTTP_HOST="localhost")
    cookie = client.post("/account/login/", {"login": "a@example.org", "password": "x"}).cookies
    assert all(one["httponly"] for name, one in cookie.items() if name != "form")
    assert all(one["samesite"] == "Strict" for one in cookie.values())


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "", "[::1"])
def test_another_host_is_refused_in_words(host: str) -> None:
    answer = Client(HTTP_HOST=host, raise_request_exception=False).get("/account/login/")
    assert answer.status_code == 400
    assert "<script" not in answer.content.decode() or "src=" in answer.content.decode()


def test_a_letter_links_to_the_studio_whatever_the_request_says(everybody: dict[str, Person]) -> None:
    from django.core import mail

    client = Client(HTTP_HOST="localhost", headers={"X-Forwarded-Host": "evil.example"})
    client.post("/account/password/reset/", {"email": everybody["editor"].email})
    assert "evil.example" not in mail.outbox[0].body and "http://localhost:8800/" in mail.outbox[0].body


def test_no_form_of_another_site_is_taken(everybody: dict[str, Person], signed_in: SignedIn) -> None:
    things = make_things(everybody)
    for name, one in ours():
        methods = getattr(one.callback, "methods", ("POST",) if name == "people:join" else ())
        if "POST" not in methods:
            continue
        client = signed_in(everybody["administrator"])
        client.handler.enforce_csrf_checks = True
        args = ["x"] if name == "people:join" else []
        address = things.address(name, "shelter") if not args else "/people/join/x/"
        answer = client.post(address, {}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403, name
        assert "did not show that the form came from this studio" in answer.content.decode(), name


@pytest.mark.parametrize("method", ["trace", "put", "delete", "patch", "options"])
def test_other_methods_do_nothing(editor: Client, method: str) -> None:
    assert getattr(editor, method)("/").status_code in (403, 405)


def test_a_form_that_is_too_large_is_refused(editor: Client) -> None:
    large = {"next": "x" * 3_000_000}
    many = {f"field{number}": "x" for number in range(2_500)}
    for values in (large, many):
        answer = Client(HTTP_HOST="localhost", raise_request_exception=False).post("/account/login/", values)
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_nobody_is_led_away(everybody: dict[str, Person], editor: Client, target: str) -> None:
    for answer in (
        editor.post("/language/", {"language": "fr", "next": target}),
        editor.post("/account/logout/", {"next": target}),
        Client(HTTP_HOST="localhost").get("/account/login/", {"next": target}),
    ):
        assert "evil.example" not in answer.headers.get("Location", "")
        assert "javascript" not in answer.headers.get("Location", "")


def test_signing_out_tells_the_browser_to_forget(editor: Client) -> None:
    assert editor.post("/account/logout/").headers["Clear-Site-Data"] == '"cache", "storage"'


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Plain())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log() -> Iterator[list[str]]:
    kept = _Kept()
    logging.getLogger().addHandler(kept)
    yield kept.lines
    logging.getLogger().removeHandler(kept)


@override_settings(ROOT_URLCONF=__name__)
def test_a_fault_tells_nothing_of_what_broke_it(
    everybody: dict[str, Person], signed_in: SignedIn, log: list[str]
) -> None:
    client = signed_in(everybody["editor"])
    client.raise_request_exception = False
    answer = client.get("/breaks/the-secret-of-a-letter/")
    assert answer.status_code == 500
    said = answer.content.decode() + "\n".join(log)
    for value in ("Maria", "AB1234567", "the-secret-of-a-letter", "Traceback"):
        assert value not in said
    assert any("RuntimeError at _breaks" in line and "/breaks/<str:secret>/" in line for line in log)


def test_the_log_holds_no_secret_of_an_address(db: None, log: list[str]) -> None:
    client = Client(HTTP_HOST="localhost")
    client.get("/people/join/the-secret-of-a-letter/")
    client.get("/account/password/reset/key/1-the-secret-of-a-letter/")
    client.put("/people/join/the-secret-of-a-letter/")
    client.get("/no/such/the-secret-of-a-letter\n/")
    assert log and "the-secret" not in "\n".join(log)
    assert all("\n" not in line for line in log)


def test_the_settings_write_the_log_in_this_form() -> None:
    from ctdc.hub.studio import settings

    assert settings.LOGGING["formatters"] == {"line": {"()": "ctdc.hub.studio.web.logs.Plain"}}  # type: ignore[index]
    assert (Path(place.__file__).parent / "starting.py").read_text().count("log_config=None") == 1


def test_what_was_denied_is_noted(everybody: dict[str, Person], signed_in: SignedIn) -> None:
    signed_in(everybody["editor"]).get("/people/")
    event = Event.objects.get(kind="access.denied")
    assert (event.actor, event.details) == (everybody["editor"].log_name, {"act": "see people"})


def test_the_secret_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    made = place.create(tmp_path / "s", address="http://localhost:8800", hub="Hub", sender="s@example.org")
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0
    (tmp_path / "s" / place.SECRET).chmod(0o644)
    with pytest.raises(Exception, match="Others on this machine"):
        made.secret()


@pytest.mark.parametrize("address", ["http://studio.example.org", "ftp://x", "https://x.org/path", "localhost"])
def test_a_studio_in_the_open_without_https_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(Exception, match="safe from listeners"):
        place.create(tmp_path / "s", address=address, hub="Hub", sender="s@example.org")


@pytest.mark.parametrize("address", ["/static/", "/static/studio/", "/static/../secret.key", "/media/", "/.git/config"])
def test_no_folder_is_listed(editor: Client, address: str) -> None:
    assert editor.get(address).status_code in (403, 404)


@pytest.mark.parametrize("proxies", [0, 1])
def test_behind_a_proxy_the_client_is_counted_and_cannot_choose_its_address(db: None, proxies: int) -> None:
    """The proxy adds the address that it sees at the end; what the client sent stands before it."""
    from allauth.account.adapter import get_adapter
    from django.test import RequestFactory

    request = RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.99, 198.51.100.7"})
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=proxies):
        assert get_adapter().get_client_ip(request) == ("198.51.100.7" if proxies else "127.0.0.1")
