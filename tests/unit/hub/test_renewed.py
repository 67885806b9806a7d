"""A site that is built in the place of another while the server runs."""

from pathlib import Path
from threading import Event

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from ctdc.foundation.files import replacing_folder
from ctdc.hub.renewed import Renewed


def put(folder: Path, text: str) -> None:
    with replacing_folder(folder) as new:
        (new / "site.json").write_text(text)


def test_a_new_site_is_shown_once_it_is_there_and_the_old_one_until_then(tmp_path: Path) -> None:
    folder, made = tmp_path / "site", []

    def make() -> PlainTextResponse:
        made.append((folder / "site.json").read_text())
        return PlainTextResponse(made[-1])

    put(folder, "one")
    app = Renewed(folder / "site.json", make)
    client = TestClient(app)
    assert [client.get("/").text, client.get("/").text, made] == ["one", "one", ["one"]]
    put(folder, "two")
    thread = app.look()
    assert thread is not None
    thread.join()
    assert [client.get("/").text, made] == ["two", ["one", "two"]]
    (folder / "site.json").unlink()
    assert app.look() is None
    assert client.get("/").text == "two"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_new_site_that_cannot_be_read_leaves_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "site"

    def make() -> PlainTextResponse:
        text = (folder / "site.json").read_text()
        if text == "broken":
            raise ValueError(text)
        return PlainTextResponse(text)

    put(folder, "one")
    app = Renewed(folder / "site.json", make)
    for text, shown in (("broken", "one"), ("three", "three")):
        put(folder, text)
        thread = app.look()
        assert thread is not None
        thread.join()
        assert TestClient(app).get("/").text == shown


def test_of_two_builds_in_short_order_the_last_is_shown_though_the_first_takes_longer(tmp_path: Path) -> None:
    folder, begun, go_on = tmp_path / "site", Event(), Event()

    def make() -> PlainTextResponse:
        text = (folder / "site.json").read_text()
        if text == "two":
            begun.set()
            go_on.wait()
        return PlainTextResponse(text)

    put(folder, "one")
    app = Renewed(folder / "site.json", make)
    put(folder, "two")
    thread = app.look()
    assert thread is not None
    begun.wait()
    put(folder, "three")
    other = app.look()
    if other is not None:  # a second worker would be done before the first
        other.join()
    go_on.set()
    thread.join()
    assert TestClient(app).get("/").text == "three"
    assert app.look() is None
