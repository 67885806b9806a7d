"""What nginx is told to write says the same as our own count, and its lines are added once."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctdc.cli.usage import command
from ctdc.hub.usage.kinds import MANY, OTHER, SINGLE, kind_of
from ctdc.hub.usage.lines import add_lines, kinds_in_order, nginx_maps
from ctdc.hub.usage.store import Counted, months, read_month

PATHS = [
    *(f"/en/{name}/" for name in (*SINGLE, *MANY) if name),
    *(f"/ar/{name}/something/" for name in MANY),
    *("/de/", "/fr", "/", "/xx/", "/en/nothing/", "/en/nothing/else/", "/en/help/me/", "/en/countries/usa/more/"),
    *("/en/explorer/charts/", "/en/explorer/charts/x/", "/en/explorer/charts/x/embed/", "/en/explorer/charts/x.csv"),
    *("/en/charts/x/embed/", "/en/charts/x/x.svg", "/en/explorer/words.json", "/assets/a.js", "/robots.txt"),
    *("/api/v1/releases", "/release/x/data.csv", "/releases/x/data.csv", "/english/", "/en/reader@example.org/"),
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", ["", "?q=somebody/x.y"])
def test_nginx_finds_the_kind_that_we_find(path: str, query: str) -> None:
    found = next((kind for rule, kind in kinds_in_order() if re.search(rule, path + query)), OTHER)
    assert (found or None) == (kind_of(path) or (None,))[0]


def test_lines_are_added_once_and_the_log_is_empty(tmp_path: Path) -> None:
    log = tmp_path / "usage.log"
    log.write_text(
        "2026-03-05 home en 200\n2026-03-05 home en 304\n2026-03-05 home en 200\n2026-04-01 other - 404\n"
        "203.0.113.9 - - [05/Mar/2026] GET /en/\n2026-03-05 /en/secret en 200\n2026-13-05 home en 200\n\n"
    )
    added = add_lines(log, tmp_path / "usage")
    assert (added.counted, added.other) == (4, 4)
    assert log.read_text() == ""
    assert read_month(tmp_path / "usage", "2026-03") == {
        Counted("2026-03-05", "home", "en", "2xx"): 2,
        Counted("2026-03-05", "home", "en", "3xx"): 1,
    }
    assert months(tmp_path / "usage") == ("2026-03", "2026-04")
    assert "secret" not in "".join(path.read_text() for path in (tmp_path / "usage").iterdir())
    assert add_lines(log, tmp_path / "usage").counted == 0


def test_a_log_that_cannot_be_counted_stays(tmp_path: Path) -> None:
    log = tmp_path / "usage.log"
    log.write_text("2026-03-05 home en 200\n")
    (tmp_path / "usage").mkdir()
    (tmp_path / "usage" / "usage-2026-03.json").write_text("{")
    done = CliRunner().invoke(command, ["add", str(log), "--into", str(tmp_path / "usage")])
    assert done.exit_code != 0
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="cannot be counted"):
        CliRunner().invoke(command, ["add", str(log), "--into", str(tmp_path / "file" / "x")], catch_exceptions=False)
    assert log.read_text() == "2026-03-05 home en 200\n"


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    log = tmp_path / "usage.log"
    log.write_text("2026-03-05 home en 200\nx\n")
    done = CliRunner().invoke(command, ["add", str(log), "--into", str(tmp_path / "u")])
    assert done.output == "Lines counted: 1. Left out, being something else: 1.\n"
    assert CliRunner().invoke(command, ["nginx"]).output == nginx_maps()
    for part in ("$remote_addr", "$http_", "$time_local", "$msec", "$args"):
        assert part not in nginx_maps()
