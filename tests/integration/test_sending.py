"""The command that delivers: over broken connections, with a token that goes nowhere else."""

import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_django.live_server_helper import LiveServer
from tests.unit.hub.studio.conftest import everybody, hotline, hub, shelter  # noqa: F401  fixtures
from tests.unit.hub.studio.delivering import (
    Scene,
    make_agreement,
    make_mapping,
    make_scene,
    simulated_files,
    with_wrong_value,
    work_off,
)

from ctdc.cli.main import main
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.deliveries import sending
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.people.acts import make_token
from ctdc.hub.studio.people.models import Person

pytestmark = [pytest.mark.slow]
# What migrations have put into the database is there again for the next test.
live = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def scene(
    live_server: LiveServer,
    everybody: dict[str, Person],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Scene:
    made = make_scene(everybody, tmp_path / "studio", monkeypatch)
    make_agreement(everybody, made.shelter)
    make_mapping(everybody, made.shelter)

    monkeypatch.setattr(sending, "PIECE", 8000)
    return made


@pytest.fixture
def secret(scene: Scene) -> str:
    return make_token(scene.people["shelter"], "nightly", 30)[1]


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("good\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    ((name, data),) = simulated_files(tmp_path / "made").items()
    (path := tmp_path / name).write_bytes(data)
    return path


@live
def test_a_broken_connection_costs_one_piece(
    scene: Scene, live_server: LiveServer, file: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    opened = urllib.request.OpenerDirector.open

    def breaking(self: object, request: urllib.request.Request, **more: object) -> object:
        asked.append((request.get_method(), request.headers.get("Upload-offset", "")))
        answer = opened(self, request, **more)  # type: ignore[arg-type]
        if len(asked) == 3:  # the piece has arrived, and the sender does not hear of it
            raise urllib.error.URLError("gone")
        return answer

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", breaking)
    studio = sending.Studio(live_server.url, secret, rest=0.0)
    number = studio.deliver([file])
    assert Delivery.objects.get(pk=number).state == "received"
    assert asked[1:6] == [("PATCH", "0"), ("PATCH", "8000"), ("PATCH", "8000"), ("HEAD", ""), ("PATCH", "16000")]


@live
def test_an_answer_that_is_lost_after_the_last_piece_costs_nothing(
    scene: Scene, live_server: LiveServer, file: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (other := file.with_name("other.csv")).write_bytes(b"x" * 9000)
    ends = {file.stat().st_size, 9000}
    opened = urllib.request.OpenerDirector.open

    def breaking(self: object, request: urllib.request.Request, **more: object) -> object:
        answer = opened(self, request, **more)  # type: ignore[arg-type]
        if request.get_method() == "PATCH":
            end = int(request.headers["Upload-offset"]) + len(request.data)  # type: ignore[arg-type]
            if end in ends:  # of either file: the second time the delivery is complete
                ends.remove(end)
                raise urllib.error.URLError("gone")
        return answer

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", breaking)
    number = sending.Studio(live_server.url, secret, rest=0.0).deliver([file, other])
    assert (Delivery.objects.get(pk=number).state, ends) == ("received", set())


@live
def test_who_was_cut_off_goes_on(
    scene: Scene, live_server: LiveServer, file: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = sending.Studio(live_server.url, secret, rest=0.0)
    with monkeypatch.context() as patch:
        pieces: list[int] = []

        def stop(self: sending.Studio, address: str, offset: int, piece: bytes) -> bool:
            if pieces:
                raise KeyboardInterrupt
            pieces.append(offset)
            return taken(self, address, offset, piece)

        taken = sending.Studio._piece
        patch.setattr(sending.Studio, "_piece", stop)
        with pytest.raises(KeyboardInterrupt):
            studio.deliver([file])
    assert Delivery.objects.get().offset == 8000
    assert studio.deliver([file]) == Delivery.objects.get().pk
    assert Delivery.objects.get().state == "received"


@live
def test_the_command_says_what_became_of_it(
    scene: Scene,
    live_server: LiveServer,
    file: Path,
    token: Path,
    secret: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    token.write_text(secret)
    file.write_bytes(next(iter(with_wrong_value({file.name: file.read_bytes()}).values())))
    monkeypatch.setattr(sending, "time", SimpleNamespace(sleep=lambda seconds: work_off()))
    given = ["studio", "deliver", live_server.url, str(file), "--token-file", str(token), "--wait"]
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert (ended.value.code, "held back" in capsys.readouterr().out) == (3, True)


@live
def test_what_the_studio_refuses_is_said(scene: Scene, live_server: LiveServer, file: Path, secret: str) -> None:
    with pytest.raises(UserError, match="token is unknown"):
        sending.Studio(live_server.url, "bad", rest=0.0).deliver([file])
    (empty := file.with_name("empty.csv")).write_bytes(b"")
    with pytest.raises(UserError, match="empty, or too large"):
        sending.Studio(live_server.url, secret, rest=0.0).deliver([empty])


@pytest.mark.parametrize("address", ["http://hub.example.org", "ftp://localhost", "hub.example.org", ""])
def test_an_address_that_listeners_can_read_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="no address to deliver to"):
        sending.Studio(address, "good")


def test_a_token_that_others_can_read_is_refused(token: Path) -> None:
    assert sending.read_token(token) == "good"
    token.chmod(0o644)
    with pytest.raises(UserError, match="Others on this machine"):
        sending.read_token(token)
    token.chmod(0o600)
    token.write_text("")
    with pytest.raises(UserError, match="empty"):
        sending.read_token(token)
    with pytest.raises(UserError, match="cannot be read"):
        sending.read_token(token.with_name("none"))


def test_nobody_answers(tmp_path: Path) -> None:
    (file := tmp_path / "a.csv").write_bytes(b"x")
    with pytest.raises(UserError, match="goes on where it stopped"):
        sending.Studio("http://localhost:9", "good", rest=0.0).deliver([file])
