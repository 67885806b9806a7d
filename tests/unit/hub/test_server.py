"""Pages, counts service and explorer together: what they share."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.support.invented_release import write_release

from ctdc.hub import server
from ctdc.hub.gate import Gate
from ctdc.hub.site import view

pytestmark = pytest.mark.slow
QUESTION = "/en/explorer/?gender=Woman"
HTML = "text/html; charset=utf-8"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a site would be: with the files of its release, and without its pages."""
    release = write_release(tmp_path_factory.mktemp("served"))
    folder = tmp_path_factory.mktemp("site")
    (folder / "release").mkdir()
    (folder / "release" / release.name).symlink_to(release)
    return folder


def test_a_release_is_opened_once_for_the_explorer_and_for_the_counts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    for module in ("ctdc.hub.site.view", "ctdc.release.counting"):
        monkeypatch.setattr(f"{module}.load", lambda place, real=view.load: opened.append(place) or real(place))
    with TestClient(server.site_and_service(folder)) as client:
        assert client.get(QUESTION).status_code == 200
        assert client.get("/api/v1/releases/latest/counts?by=gender").status_code == 200
    assert len(opened) == 1


def test_heavy_questions_of_both_pass_one_gate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(at_once=1, waiting=0)
    monkeypatch.setattr(server, "Gate", lambda: gate)
    with TestClient(server.site_and_service(folder)) as client:
        with gate.turn():
            for language, way, words in (("en", "ltr", "load this page again"), ("ar", "rtl", "إعادة تحميل هذه")):
                busy = client.get(QUESTION.replace("/en/", f"/{language}/"))
                assert (busy.status_code, busy.headers["cache-control"]) == (503, "no-store")
                assert (busy.headers["content-type"], busy.headers["content-language"]) == (HTML, language)
                assert f'<html lang="{language}" dir="{way}">' in busy.text
                assert words in busy.text
                assert '<a href="">' in busy.text and f'<a href="/{language}/explorer/">' in busy.text
                assert int(busy.headers["retry-after"]) > 0
            assert client.get("/api/v1/releases/latest/explore").status_code == 503
        assert client.get(QUESTION).status_code == 200
