"""The settings of a studio: which addresses may be asked."""

import fcntl
from pathlib import Path

import pytest
from django.conf import settings

from ctdc.foundation.errors import UserError
from ctdc.hub.studio import place, starting


@pytest.mark.parametrize(
    "address", ["http://data.example.org", "ftp://localhost", "https://data.example.org/site", "file:///etc/passwd"]
)
def test_only_a_safe_address_may_be_asked(tmp_path: Path, address: str) -> None:
    made = place.create(tmp_path / "s", address="http://localhost:8800", hub="x", sender="a@example.org")
    settings = (made.folder / "studio.toml").read_text()
    good = settings.replace('public_address = ""', 'public_address = "https://data.example.org/"')
    (made.folder / "studio.toml").write_text(good)
    assert place.read(made.folder).public_address == "https://data.example.org"
    (made.folder / "studio.toml").write_text(settings.replace('public_address = ""', f'public_address = "{address}"'))
    with pytest.raises(UserError, match="safe"):
        place.read(made.folder)


def test_a_process_without_a_way_to_the_public_address_asks_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = place.create(tmp_path / "s", address="http://localhost:8800", hub="x", sender="a@example.org")
    monkeypatch.setenv(place.PUBLIC_SERVICE, "http://public:8000/")
    assert made.public_service == "", "nobody has said that it can be reached"
    path = made.folder / "studio.toml"
    path.write_text(path.read_text().replace('public_address = ""', 'public_address = "https://data.example.org"'))
    made = place.read(made.folder)
    assert (made.public_service, made.public_address) == ("http://public:8000", "https://data.example.org")
    monkeypatch.setenv(place.PUBLIC_SERVICE, "file:///etc/passwd")
    with pytest.raises(UserError, match="no address"):
        _ = made.public_service
    monkeypatch.delenv(place.PUBLIC_SERVICE)
    assert made.public_service == "https://data.example.org"


@pytest.mark.django_db
def test_one_process_after_the_other_updates_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def is_locked(*_: object, **__: object) -> None:
        with (settings.STUDIO.folder / starting.UPDATING).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                found.append(True)

    monkeypatch.setattr(starting, "call_command", is_locked)
    starting.update_database()
    assert found == [True] * 3
    is_locked()
    assert len(found) == 3, "the next one can begin"
