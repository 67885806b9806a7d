"""Totals of use: what is counted, that nothing else is kept, and that nothing is lost but a minute."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctdc.cli.serve import command as serve_command
from ctdc.foundation.errors import UserError
from ctdc.hub.usage.counting import Counting, Usage
from ctdc.hub.usage.kinds import KINDS, kind_of, status_class
from ctdc.hub.usage.store import Counted, add, months, read_month


class Clock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 5, 14, 37, 11, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/en/", ("home", "en")),
        ("/ar", ("home", "ar")),
        ("/fr/countries/", ("countries", "fr")),
        ("/fr/countries/usa/", ("country", "fr")),
        ("/de/stories/recruitment/", ("story", "de")),
        ("/en/charts/lines-age/", ("chart", "en")),
        ("/en/charts/lines-age/embed/", ("embed", "en")),
        ("/en/explorer/charts/variable-age/", ("chart", "en")),
        ("/en/explorer/charts/variable-age/embed/", ("embed", "en")),
        ("/en/explorer/charts/variable-age.svg", ("files", "en")),
        ("/en/charts/lines-age/lines-age.svg", ("files", "en")),
        ("/en/help/", ("help", "en")),
        ("/en/methods/", ("about", "en")),
        ("/en/whoever@example.org/", ("other", "en")),
        ("/en/help/me/", ("other", "en")),
        ("/api/v1/releases/x/counts", ("api", "")),
        ("/releases/x/data/synthetic.csv", ("files", "")),
        ("/", ("other", "")),
        ("/wp-login.php", ("other", "")),
        ("/assets/site.css", None),
        ("/en/explorer/words.json", None),
    ],
)
def test_an_address_is_a_kind_of_page_and_nothing_else(path: str, kind: tuple[str, str] | None) -> None:
    assert kind_of(path) == kind
    assert kind is None or kind[0] in KINDS


@pytest.mark.slow
def test_every_page_of_a_site_has_its_kind(site: Path) -> None:
    pages = [f"/{path.parent.relative_to(site).as_posix()}/" for path in site.glob("*/**/index.html")]
    unknown = {page for page in pages if not page.startswith("/assets") and (kind_of(page) or ("other",))[0] == "other"}
    assert unknown == set()


@pytest.mark.parametrize(("status", "known"), [(200, "2xx"), (304, "3xx"), (404, "4xx"), (503, "5xx"), (101, "2xx")])
def test_answers_are_of_four_kinds(status: int, known: str) -> None:
    assert status_class(status) == known


def ask(app: Counting, path: str, method: str = "GET") -> None:
    scope = {"type": "http", "method": method, "path": path, "client": ("203.0.113.9", 5), "headers": []}

    async def send(message: object) -> None:
        pass

    asyncio.run(app(scope, None, send))  # type: ignore[arg-type]


async def found(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_day_is_counted_and_nothing_about_who_read(tmp_path: Path) -> None:
    folder = tmp_path / "usage"
    with Usage(folder, Clock()) as usage:
        app = Counting(found, usage)
        for path in ("/en/", "/en/", "/ar/countries/usa/", "/assets/x.js"):
            ask(app, path)
        ask(app, "/en/", "HEAD")
        ask(app, "/en/feedback/", "POST")
        assert not folder.exists()
    (path,) = folder.glob("*.json")
    assert json.loads(path.read_text()) == {
        "format": "ctdc-usage/1",
        "days": {"2026-03-05": {"country ar 2xx": 1, "home en 2xx": 2}},
    }
    midnight = datetime(2026, 3, 5, tzinfo=UTC).timestamp()
    assert {entry.stat().st_mtime for entry in (path, folder, folder / ".lock")} == {midnight}
    assert path.stat().st_mode & 0o077 == 0
    assert not {"usa", "203.0.113.9", "14:37"} & set(path.read_text())


def test_counts_go_on_after_a_restart_and_over_months(tmp_path: Path) -> None:
    clock = Clock()
    for moment in (
        datetime(2026, 3, 31, tzinfo=UTC),
        datetime(2026, 3, 31, 23, tzinfo=UTC),
        datetime(2026, 4, 1, tzinfo=UTC),
    ):
        clock.moment = moment
        with Usage(tmp_path, clock) as usage:
            usage.count("/en/", 200)
    assert months(tmp_path) == ("2026-03", "2026-04")
    assert read_month(tmp_path, "2026-03") == {Counted("2026-03-31", "home", "en", "2xx"): 2}


def test_it_is_written_again_and_again_while_the_server_runs(tmp_path: Path) -> None:
    with Usage(tmp_path, Clock(), every=0.01) as usage:
        usage.count("/en/", 200)
        for _ in range(200):
            if months(tmp_path):
                break
            usage._over.wait(0.01)
        assert months(tmp_path) == ("2026-03",)


def test_what_cannot_be_written_is_written_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "usage"
    blocked.write_text("a file where the folder should be")
    usage = Usage(blocked, Clock())
    usage.count("/en/", 200)
    usage.write()
    assert "cannot be written" in caplog.text
    blocked.unlink()
    usage.write()
    assert sum(read_month(blocked, "2026-03").values()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"format": "other", "days": {}}',
        '{"format": "ctdc-usage/1", "days": {"2026-03-05": {"/en/secret en 2xx": 1}}}',
        '{"format": "ctdc-usage/1", "days": {"2026-04-05": {"home en 2xx": 1}}}',
        '{"format": "ctdc-usage/1", "days": {"2026-03-05": {"home en 2xx": "1"}}}',
    ],
)
def test_a_file_that_holds_something_else_is_named_and_left(tmp_path: Path, text: str) -> None:
    path = tmp_path / "usage-2026-03.json"
    path.write_text(text)
    with pytest.raises(UserError, match="totals of use"):
        add(tmp_path, {Counted("2026-03-05", "home", "en", "2xx"): 1})
    assert path.read_text() == text


def test_several_servers_add_to_one_folder(tmp_path: Path) -> None:
    what = Counted("2026-03-05", "home", "en", "2xx")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: add(tmp_path, {what: 1}), range(20)))
    assert read_month(tmp_path, "2026-03") == {what: 20}
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "usage-2026-03.json"]


def test_totals_never_lie_among_the_pages(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text("{}")
    with pytest.raises(UserError) as error:
        CliRunner().invoke(
            serve_command,
            [str(tmp_path), "--usage", str(tmp_path / "u")],
            catch_exceptions=False,
            standalone_mode=False,
        )
    assert error.value.detail.code == "serve.usage_place"
