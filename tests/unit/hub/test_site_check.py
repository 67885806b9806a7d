"""A built site is checked by what its build wrote of it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_bytes
from ctdc.hub.site.check import check_site
from ctdc.hub.site.export import FILES
from ctdc.hub.site.record import Pages, Record
from ctdc.release.manifest import read_manifest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, site_release: Path) -> Path:
    """A site of two pages and a release, with a build's record of it."""
    out = tmp_path_factory.mktemp("whole") / "site"
    pages = {"en/index.html": "<h1>Overview</h1>", "assets/site.css": "h1 {}"}
    for name, text in pages.items():
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text(text)
    shutil.copytree(site_release, out / FILES / site_release.name)
    parts = {"frame": Pages("made from", {name: hash_bytes(text.encode()) for name, text in pages.items()})}
    (out / "site.json").write_text(Record((read_manifest(site_release)[1].id,), "", parts).to_json())
    (out / "sitemap.xml").write_text("<urlset/>")
    return out


def test_a_site_is_as_it_was_built(whole: Path) -> None:
    found = check_site(whole)
    assert found is not None
    assert (found.wrong, len(found.releases)) == ((), 1)
    assert found.files == sum(path.is_file() for path in whole.rglob("*"))


def changed(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


def gone(path: Path) -> None:
    path.unlink()


def linked(path: Path) -> None:
    copy = path.with_suffix(".aside")
    path.rename(copy)
    path.symlink_to(copy)


@pytest.mark.parametrize("change", [changed, gone, linked], ids=lambda change: change.__name__)
@pytest.mark.parametrize("name", ["en/index.html", "releases/*/data/figures.json", "releases/*/manifest.json"])
def test_what_is_not_as_it_was_built_is_named(
    whole: Path, tmp_path: Path, name: str, change: Callable[[Path], None]
) -> None:
    site = tmp_path / "site"
    shutil.copytree(whole, site, copy_function=shutil.copy)
    path = next(site.glob(name))
    change(path)
    found = check_site(site)
    assert found is not None
    if change is changed and name.endswith("manifest.json"):
        assert found.wrong == ()  # a space at its end says nothing else
    else:
        assert path.relative_to(site).as_posix() in found.wrong


def test_what_was_put_in_is_named(whole: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(whole, site)
    (site / "en" / "evil.html").write_text("<script>")
    found = check_site(site)
    assert found is not None and found.wrong == ("en/evil.html",)


def test_no_site_and_one_that_says_nothing_of_itself(tmp_path: Path) -> None:
    assert check_site(tmp_path) is None
    (tmp_path / "site.json").write_text('{"format": "ctdc-site/1", "release": "x"}')  # of one release, for looking at
    with pytest.raises(UserError, match="does not say"):
        check_site(tmp_path)
    (tmp_path / "site.json").write_text("[]")
    with pytest.raises(UserError):
        check_site(tmp_path)
